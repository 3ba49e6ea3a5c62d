//! Settling where targets moved to, from what the references to them say.

use crate::difference::relocation::Moves;

/// A target and by how much a reference to it says that it moved.
pub(super) type Vote = (u64, i64);

/// References that must agree before they correct what is known: as many as a correction's own bytes are worth.
const VOTES_MIN: usize = 3;

/// Neighbouring targets that moved alike.
struct Group {
    start: u64,
    shift: i64,
    votes: usize,
}

/// Moves of parts, corrected by votes on targets. Neighbours in a part that moved alike are counted together.
pub(super) fn settle(parts: &Moves, mut votes: Vec<Vote>) -> Moves {
    votes.sort_unstable();
    let mut pieces = parts.pieces().iter().copied().peekable();
    let mut settled: Vec<(u64, i64)> = Vec::new();
    for group in groups(parts, &votes) {
        while let Some(piece) = pieces.next_if(|(start, _)| *start <= group.start) {
            settled.push(piece);
        }
        let of_part = parts.shift(group.start);
        let current = settled.last().map_or(of_part, |(_, shift)| *shift);
        if group.shift != current && (group.shift == of_part || group.votes >= VOTES_MIN) {
            settled.pop_if(|(start, _)| *start == group.start);
            settled.push((group.start, group.shift));
        }
    }
    settled.extend(pieces);
    Moves::new(settled)
}

fn groups(parts: &Moves, votes: &[Vote]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut part = usize::MAX;
    for of_target in votes.chunk_by(|a, b| a.0 == b.0) {
        let Some(most) = of_target.chunk_by(|a, b| a.1 == b.1).max_by_key(|votes| votes.len()) else { continue };
        let (target, shift) = most[0];
        let here = parts.pieces().partition_point(|(start, _)| *start <= target);
        match groups.last_mut() {
            Some(last) if last.shift == shift && here == part => last.votes += most.len(),
            _ => groups.push(Group { start: target, shift, votes: most.len() }),
        }
        part = here;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_votes_correct_a_part_and_few_do_not() {
        let parts = Moves::new([(100, 10), (200, 20)]);
        let votes = [(110, 10), (120, 13), (122, 13), (125, 13), (130, 10), (140, 99), (210, 20), (220, 25), (230, 25)];
        let settled = settle(&parts, votes.to_vec());
        assert_eq!(settled.pieces(), [(100, 10), (120, 13), (130, 10), (200, 20)]);
    }

    #[test]
    fn a_target_moved_as_most_say() {
        let votes = [(50, 7), (50, 8), (50, 8), (50, 8)];
        assert_eq!(settle(&Moves::default(), votes.to_vec()).pieces(), [(50, 8)]);
    }
}
