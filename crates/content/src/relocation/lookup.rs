//! Looking up how far addresses have moved, many in a row.

use super::map::{Map, Move};

/// Parts of memory that an index tells apart, at most.
const PARTS_MAX: u64 = 1 << 16;

/// Where in a map the moves of a part of memory are, so that few have to be searched.
#[derive(Debug)]
pub(super) struct Index {
    /// The address of the first move.
    first: u64,
    /// Parts are `1 << bits` bytes long.
    bits: u32,
    /// For each part how many moves lie before it, and at the end how many there are.
    before: Vec<u32>,
}

impl Index {
    pub(super) fn new(map: &Map) -> Self {
        let moves = map.moves();
        let (Some(first), Some(last)) = (moves.first(), moves.last()) else {
            return Self { first: 0, bits: 0, before: vec![0] };
        };
        let span = last.address - first.address;
        let bits = (0..u64::BITS).find(|bits| span >> bits < PARTS_MAX).expect("nothing is left of all bits");
        let mut before = Vec::with_capacity((span >> bits) as usize + 2);
        for (number, found) in moves.iter().enumerate() {
            before.resize(((found.address - first.address) >> bits) as usize + 1, number as u32);
        }
        before.push(moves.len() as u32);
        Self { first: first.address, bits, before }
    }

    /// The moves at or before which the one of an address is.
    fn moves(&self, address: u64) -> std::ops::Range<usize> {
        let Some(distance) = address.checked_sub(self.first) else { return 0..0 };
        let part = usize::try_from(distance >> self.bits).unwrap_or(usize::MAX);
        let all = *self.before.last().expect("there is always one") as usize;
        let at = |part: usize| self.before.get(part).map_or(all, |before| *before as usize);
        at(part)..at(part.saturating_add(1))
    }
}

/// Looks addresses up that mostly follow each other.
pub(super) struct Lookup<'a> {
    moves: &'a [Move],
    index: &'a Index,
    /// The range that was found last, and its shift.
    from: u64,
    to: u64,
    shift: i64,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(map: &'a Map, index: &'a Index) -> Self {
        // An empty range: the first look finds another.
        Self { moves: map.moves(), index, from: 1, to: 0, shift: 0 }
    }

    /// How far the address has moved.
    pub(super) fn shift(&mut self, address: u64) -> i64 {
        if !(self.from..self.to).contains(&address) {
            let near = self.index.moves(address);
            let next = near.start + self.moves[near].partition_point(|found| found.address <= address);
            self.to = self.moves.get(next).map_or(u64::MAX, |next| next.address);
            (self.from, self.shift) = match next.checked_sub(1) {
                Some(here) => (self.moves[here].address, self.moves[here].shift),
                None => (0, 0),
            };
        }
        self.shift
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_address_moves_as_far_as_the_move_before_it(
            steps in proptest::collection::vec((1u64..1 << 20, 0u32..40), 0..300),
            first in prop_oneof![Just(0u64), any::<u64>()],
            looks in proptest::collection::vec((any::<prop::sample::Index>(), -2i64..3), 0..50),
        ) {
            let mut address = first;
            let mut moves = Vec::new();
            for (number, (step, bits)) in steps.into_iter().enumerate() {
                moves.push((address, number as i64 + 1));
                let Some(next) = address.checked_add(step << bits >> 10).filter(|next| *next > address) else { break };
                address = next;
            }
            let map = Map::new(moves.clone(), []).unwrap();
            let index = Index::new(&map);
            let mut lookup = Lookup::new(&map, &index);
            for (place, near) in looks {
                let address = if moves.is_empty() { 7 } else { place.get(&moves).0 }.wrapping_add_signed(near);
                let expected = moves.iter().rev().find(|(from, _)| *from <= address).map_or(0, |(_, shift)| *shift);
                prop_assert_eq!(lookup.shift(address), expected);
            }
        }
    }
}
