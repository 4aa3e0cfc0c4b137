//! An inventory of AI use cases in the columns that the US OMB asked for, of 2025 and of the years before.

use super::columns::{Says, Words, plain};

/// The columns, by how their titles begin: agencies shorten and lengthen them.
pub(super) const COLUMNS: Words = Words {
    whole: &[
        (Says::Id, &["usecaseid", "id", "inventoryid"]),
        (Says::Name, &["usecasename", "title", "name"]),
        (Says::Owner, &["bureaucomponent", "bureau", "component", "agency", "emailaddress", "contactemail"]),
        (Says::Purpose, &["problemsolved", "summary", "purpose", "description"]),
        (Says::Lifecycle, &["stageofdevelopment", "developmentstage", "stage"]),
        (Says::Class, &["aiclassification", "classification"]),
        (Says::Repository, &["codeurl", "sourcecodelink", "linktosourcecode"]),
    ],
    begins: &[
        (Says::Id, &["usecaseid"]),
        (Says::Name, &["usecasename"]),
        (Says::Owner, &["bureaucomponent"]),
        (
            Says::Purpose,
            &["whatproblemistheaiintendedtosolve", "whatistheintendedpurpose", "summaryof", "purposeand"],
        ),
        (Says::Lifecycle, &["stageofdevelopment", "currentstage"]),
        (Says::Class, &["aiclassification"]),
        (Says::Repository, &["ifthecodeisopensource", "linktopubliclyavailablecode", "ifthecodeispublicly"]),
    ],
};

/// Whether a table has such columns: its first lines name use cases.
pub(super) fn is_one(text: &str) -> bool {
    text.lines().take(5).any(|line| {
        let line: String = line.chars().take(20_000).collect();
        let cells = line.split([',', ';', '\t']).map(plain);
        cells.filter(|cell| cell.starts_with("usecasename") || cell.starts_with("usecaseid")).count() > 0
    })
}
