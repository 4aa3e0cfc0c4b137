//! What is kept is found again, as long as it is what was kept; on both databases.

use sqlx::Executor as _;

use super::*;
use crate::store::tests::{Home, on_both};

fn name(number: u32) -> EntryName {
    EntryName::of(&[b"entry", &number.to_le_bytes()])
}

fn value(number: u32) -> Vec<u8> {
    format!("value {number}, ").into_bytes().repeat(usize::try_from(number % 50).unwrap())
}

async fn entries(place: &Place) -> Vec<(Kept, i64)> {
    let counts = StoreCache::count(place).await.unwrap();
    counts.into_iter().map(|count| (count.kind, count.entries)).collect()
}

on_both! {
    async fn what_is_kept_is_found_again(home: &Home) {
        let place = home.place("muster.db");
        let numbers: Vec<u32> = (0..700).collect();
        let names: Vec<EntryName> = numbers.iter().map(|number| name(*number)).collect();
        let expected: Vec<Option<Vec<u8>>> = numbers.iter().map(|number| Some(value(*number))).collect();
        let cache = StoreCache::open(&place).unwrap();
        cache.write(Kept::Module, numbers.iter().map(|number| (name(*number), value(*number))).collect());
        // Written or not.
        assert_eq!(cache.read(Kept::Module, &names), expected);
        drop(cache);
        let cache = StoreCache::open(&place).unwrap();
        assert_eq!(cache.read(Kept::Module, &names), expected);
        // A kind is a shelf of its own, and who asks twice is told twice.
        assert_eq!(cache.read(Kept::Files, &names[..2]), [None, None]);
        let asked = [name(3), name(900), name(3)];
        assert_eq!(cache.read(Kept::Module, &asked), [Some(value(3)), None, Some(value(3))]);
        cache.write(Kept::Module, vec![(name(3), b"newer".to_vec())]);
        cache.write(Kept::Target, vec![(name(3), b"older".to_vec()), (name(3), b"last".to_vec())]);
        drop(cache);
        let cache = StoreCache::open(&place).unwrap();
        assert_eq!(cache.read(Kept::Module, &asked[..1]), [Some(b"newer".to_vec())]);
        assert_eq!(cache.read(Kept::Target, &asked[..1]), [Some(b"last".to_vec())]);
        drop(cache);
        assert_eq!(entries(&place).await, [(Kept::Target, 1), (Kept::Files, 0), (Kept::Module, 700)]);
        assert_eq!(StoreCache::clear(&place).await.unwrap(), 701);
        assert_eq!(entries(&place).await, [(Kept::Target, 0), (Kept::Files, 0), (Kept::Module, 0)]);
    }
}

on_both! {
    async fn what_a_disk_has_changed_is_not_given(home: &Home) {
        let place = home.place("muster.db");
        let cache = StoreCache::open(&place).unwrap();
        cache.write(Kept::Module, vec![(name(1), value(1)), (name(2), value(2))]);
        drop(cache);
        let mut shelf = Shelf::open(&StoreCache::place(&place)).await.unwrap();
        let other = "UPDATE kept_by_scans SET value = (SELECT value FROM kept_by_scans WHERE LENGTH(value) > 20) \
                     WHERE LENGTH(value) < 20";
        shelf.connection().execute(other).await.unwrap();
        drop(shelf);
        let cache = StoreCache::open(&place).unwrap();
        // What another entry holds is whole, and only its name says that it is wrong.
        assert_eq!(cache.read(Kept::Module, &[name(1), name(2)]), [None, Some(value(2))]);
    }
}

on_both! {
    async fn what_is_of_no_use_goes(home: &Home) {
        let place = home.place("muster.db");
        let cache = StoreCache::open(&place).unwrap();
        cache.write(Kept::Files, vec![(name(1), value(1)), (name(2), value(2))]);
        drop(cache);
        let mut shelf = Shelf::open(&StoreCache::place(&place)).await.unwrap();
        shelf.connection().execute("UPDATE kept_by_scans SET used = 9").await.unwrap();
        drop(shelf);
        let cache = StoreCache::open(&place).unwrap();
        assert_eq!(cache.read(Kept::Files, &[name(2)]), [Some(value(2))]);
        drop(cache);
        let cache = StoreCache::open(&place).unwrap();
        assert_eq!(cache.read(Kept::Files, &[name(1), name(2)]), [None, Some(value(2))]);
    }
}
