//! Sorting of what is small, at little cost to the build.
//!
//! The standard library's sort is compiled anew for every type and every comparison: two hundred times two thousand lines
//! of intermediate code. Here positions are sorted, by code that exists once, and then values are moved to their places.

use std::cmp::Ordering;

/// Stable sorting of slices: the same order as `sort`, `sort_by` and `sort_by_key` bring about.
pub(crate) trait Sort<T> {
    /// By what is less.
    fn order(&mut self)
    where
        T: Ord;

    /// By a comparison.
    fn order_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// By a key, which is asked for at each comparison.
    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K);
}

impl<T> Sort<T> for [T] {
    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(T::cmp);
    }

    fn order_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let mut places = places(self.len(), &mut |a, b| compare(&self[a], &self[b]));
        for at in 0..places.len() {
            let mut from = places[at];
            // What stood there was moved when its own place was filled.
            while from < at {
                from = places[from];
            }
            places[at] = from;
            self.swap(at, from);
        }
    }

    fn order_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.order_by(|a, b| key(a).cmp(&key(b)));
    }
}

/// Positions in the order of what stands at them.
fn places(len: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    places.sort_by(|a, b| compare(*a, *b));
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_the_standard_library(values in prop::collection::vec((0..6_u8, any::<u16>()), 0..80)) {
            let mut theirs = values.clone();
            theirs.sort_by_key(|(key, _)| *key);
            let mut ours = values.clone();
            ours.order_by_key(|(key, _)| *key);
            prop_assert_eq!(&ours, &theirs);
            theirs.sort();
            ours.order();
            prop_assert_eq!(&ours, &theirs);
            theirs.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            ours.order_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            prop_assert_eq!(ours, theirs);
        }
    }
}
