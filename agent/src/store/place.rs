//! Where a store is: a file of SQLite, or a database of PostgreSQL by its URL.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;

/// Where a store is. What people are shown of it holds no password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of PostgreSQL; the URL may hold a password.
    Server(String),
}

impl Place {
    /// The place that a person names: a path, or `postgres://HOST/DATABASE`.
    ///
    /// # Errors
    /// It is empty, or a URL of something else.
    pub(crate) fn named(text: &str) -> Result<Self, StoreError> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            Some("postgres" | "postgresql") if reqwest::Url::parse(text).is_ok() => {
                Ok(Self::Server(text.to_owned()))
            }
            // Neither is said back: what is wrong may be in the password.
            Some("postgres" | "postgresql") => Err(StoreError::Place(
                "the address of the store is no URL; write postgres://USER@HOST/DATABASE, and the password into PGPASSWORD".to_owned(),
            )),
            Some("sqlite") => Err(StoreError::Place(
                "a store in a file is given by its path alone, without `sqlite://`".to_owned(),
            )),
            Some(other) if other.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') => {
                Err(StoreError::Place(format!(
                    "a store cannot be at `{other}://`: give the path of a file, or postgres://USER@HOST/DATABASE"
                )))
            }
            _ if text.is_empty() => Err(StoreError::Place(
                "the place of the store is empty: give the path of a file, or postgres://USER@HOST/DATABASE".to_owned(),
            )),
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }

    /// The file that is used where no place is named: `muster.db` in the data folder of the user.
    ///
    /// # Errors
    /// There is no such folder, since the user has no home.
    pub(crate) fn usual(variable: impl Fn(&str) -> Option<String>) -> Result<Self, StoreError> {
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
            .ok_or_else(|| {
                StoreError::Place("there is no home for the store: name its place with --store".to_owned())
            })?;
        Ok(Self::File(folder.join("muster").join("muster.db")))
    }

    /// What sqlx connects to.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Server(url) => url.clone(),
            Self::File(path) => {
                let mut url = "sqlite:".to_owned();
                // What a URL would read as its own is no part of one in a path.
                for byte in bytes(path) {
                    match byte {
                        b'/' | b'.' | b'-' | b'_' => url.push(char::from(byte)),
                        _ if byte.is_ascii_alphanumeric() => url.push(char::from(byte)),
                        _ => {
                            let _ = write!(url, "%{byte:02X}");
                        }
                    }
                }
                url + "?mode=rw"
            }
        }
    }
}

#[cfg(unix)]
fn bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(not(unix))]
fn bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self {
            Self::File(path) => return write!(f, "{}", path.display()),
            Self::Server(url) => reqwest::Url::parse(url),
        };
        match url {
            Ok(url) => {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                write!(f, "postgres://{}{port}{}", url.host_str().unwrap_or_default(), url.path())
            }
            Err(_) => f.write_str("postgres://"),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}
