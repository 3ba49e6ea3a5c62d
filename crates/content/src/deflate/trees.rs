//! The header that zlib writes for a block with given frequencies of symbols.
//!
//! Optimal codes aren't unique, so this follows zlib step by step: the order in its heap, how it shortens codes that are too long, and
//! how it writes runs of lengths (zlib's `trees.c`: `build_tree`, `gen_bitlen`, `scan_tree`, `send_all_trees`).

use super::bits::BitString;
use super::header::{Header, MANY_ZEROS, ORDER, REPEAT, ZEROS};
use super::huffman::{CODE_BITS_MAX, Codes};
use super::symbols::{DISTANCES, END, LITERALS, code_distance, code_length};
use super::{Match, Token};

/// How often each symbol occurs in a block.
#[derive(Debug)]
pub(super) struct Frequencies {
    literals: [u32; LITERALS],
    distances: [u32; DISTANCES],
}

impl Frequencies {
    /// Those of an empty block, which has an end.
    pub(super) fn new() -> Self {
        let mut literals = [0; LITERALS];
        literals[END] = 1;
        Self { literals, distances: [0; DISTANCES] }
    }

    pub(super) fn add(&mut self, token: Token) {
        match token {
            Token::Literal(byte) => self.literals[usize::from(byte)] += 1,
            Token::Match(Match { length, distance }) => {
                self.literals[code_length(length).symbol] += 1;
                self.distances[code_distance(distance).symbol] += 1;
            }
        }
    }

    /// What zlib would write.
    pub(super) fn header(&self) -> Header {
        let literals = code_lengths(&self.literals, CODE_BITS_MAX);
        let distances = code_lengths(&self.distances, CODE_BITS_MAX);
        let mut runs = runs(&literals);
        runs.extend(self::runs(&distances));
        let bits = write(&literals, &distances, &runs);
        Header { literals, distances, bits }
    }
}

/// The lengths of an optimal code without codes longer than `bits_max`, up to the last symbol that has one. At least two have.
fn code_lengths(frequencies: &[u32], bits_max: usize) -> Vec<u8> {
    let mut heap = Heap::new(frequencies);
    let mut used = heap.nodes.last().map_or(0, |&last| last + 1);
    while heap.nodes.len() < 2 {
        let symbol = if used < 3 { used } else { 0 };
        used = used.max(symbol + 1);
        heap.frequencies[symbol] = 1;
        heap.nodes.push(symbol);
    }
    heap.order_all();
    let (order, parents) = heap.merge();
    limited_lengths(&order, &parents, used, bits_max)
}

/// zlib's heap: the least frequent node first, of equals the shallower one.
struct Heap {
    nodes: Vec<usize>,
    /// Of symbols, then of the nodes above them.
    frequencies: Vec<u32>,
    depths: Vec<u8>,
}

impl Heap {
    fn new(frequencies: &[u32]) -> Self {
        let nodes = (0..frequencies.len()).filter(|&symbol| frequencies[symbol] > 0).collect();
        Self { nodes, frequencies: frequencies.to_vec(), depths: vec![0; frequencies.len()] }
    }

    fn is_smaller(&self, a: usize, b: usize) -> bool {
        (self.frequencies[a], self.depths[a]) <= (self.frequencies[b], self.depths[b])
    }

    fn order_all(&mut self) {
        for place in (0..self.nodes.len() / 2).rev() {
            self.sink(place);
        }
    }

    /// Moves the node at `place` down to where it belongs.
    fn sink(&mut self, mut place: usize) {
        let node = self.nodes[place];
        let mut child = 2 * place + 1;
        while child < self.nodes.len() {
            if child + 1 < self.nodes.len() && self.is_smaller(self.nodes[child + 1], self.nodes[child]) {
                child += 1;
            }
            if self.is_smaller(node, self.nodes[child]) {
                break;
            }
            self.nodes[place] = self.nodes[child];
            place = child;
            child = 2 * place + 1;
        }
        self.nodes[place] = node;
    }

    /// Joins the two least frequent nodes until one is left. Gives all nodes in the order in which they left the heap, and the parent
    /// of each.
    fn merge(mut self) -> (Vec<usize>, Vec<usize>) {
        let mut order = Vec::with_capacity(2 * self.nodes.len());
        let mut parents = vec![0; self.frequencies.len()];
        while self.nodes.len() >= 2 {
            let least = self.nodes.swap_remove(0);
            self.sink(0);
            let next = self.nodes[0];
            order.extend([least, next]);
            let node = self.frequencies.len();
            self.frequencies.push(self.frequencies[least] + self.frequencies[next]);
            self.depths.push(self.depths[least].max(self.depths[next]) + 1);
            parents.push(0);
            (parents[least], parents[next]) = (node, node);
            self.nodes[0] = node;
            self.sink(0);
        }
        order.push(self.nodes[0]);
        (order, parents)
    }
}

/// The depths of the symbols in the tree, moved up where they are deeper than `bits_max`.
fn limited_lengths(order: &[usize], parents: &[usize], symbols: usize, bits_max: usize) -> Vec<u8> {
    let mut lengths = vec![0u8; parents.len()];
    let mut counts = [0u32; CODE_BITS_MAX + 1];
    let mut too_long = 0i32;
    for &node in order.iter().rev().skip(1) {
        let mut length = usize::from(lengths[parents[node]]) + 1;
        if length > bits_max {
            length = bits_max;
            too_long += 1;
        }
        lengths[node] = length as u8;
        if node < symbols {
            counts[length] += 1;
        }
    }
    if too_long > 0 {
        shorten(&mut counts, too_long, bits_max);
        let mut leaves = order.iter().filter(|&&node| node < symbols);
        for length in (1..=bits_max).rev() {
            for &leaf in leaves.by_ref().take(counts[length] as usize) {
                lengths[leaf] = length as u8;
            }
        }
    }
    lengths.truncate(symbols);
    lengths
}

/// Makes room for codes that were cut to `bits_max`: a shorter one becomes longer, and two of the cut ones its siblings.
fn shorten(counts: &mut [u32; CODE_BITS_MAX + 1], mut too_long: i32, bits_max: usize) {
    while too_long > 0 {
        let mut length = bits_max - 1;
        while counts[length] == 0 {
            length -= 1;
        }
        counts[length] -= 1;
        counts[length + 1] += 2;
        counts[bits_max] -= 1;
        too_long -= 2;
    }
}

/// A symbol of the code for lengths, with its further bits and how many.
type Run = (usize, u32, u32);

/// Lengths as zlib writes them: it never repeats a length across what it has just repeated.
fn runs(lengths: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut before = None;
    let mut rest = lengths;
    while let Some(&length) = rest.first() {
        let longest = match length {
            0 => 138,
            _ if before == Some(length) => 6,
            _ => 7,
        };
        let count = rest.iter().take(longest).take_while(|&&other| other == length).count();
        rest = &rest[count..];
        let shortest = if length == 0 || before == Some(length) { 3 } else { 4 };
        let symbol = usize::from(length);
        if count < shortest {
            runs.extend(std::iter::repeat_n((symbol, 0, 0), count));
        } else if length != 0 {
            let mut repeated = count as u32;
            if before != Some(length) {
                runs.push((symbol, 0, 0));
                repeated -= 1;
            }
            runs.push((REPEAT, repeated - 3, 2));
        } else if count <= 10 {
            runs.push((ZEROS, count as u32 - 3, 3));
        } else {
            runs.push((MANY_ZEROS, count as u32 - 11, 7));
        }
        before = Some(length);
    }
    runs
}

fn write(literals: &[u8], distances: &[u8], runs: &[Run]) -> BitString {
    let mut frequencies = [0; ORDER.len()];
    for &(symbol, ..) in runs {
        frequencies[symbol] += 1;
    }
    let mut lengths = code_lengths(&frequencies, 7);
    lengths.resize(ORDER.len(), 0);
    let coded = ORDER.iter().rposition(|&symbol| lengths[symbol] > 0).map_or(4, |last| (last + 1).max(4));
    let mut bits = BitString::default();
    bits.put(literals.len() as u32 - 257, 5);
    bits.put(distances.len() as u32 - 1, 5);
    bits.put(coded as u32 - 4, 4);
    for &symbol in &ORDER[..coded] {
        bits.put(u32::from(lengths[symbol]), 3);
    }
    let codes = Codes::new(&lengths);
    for &(symbol, extra, extra_bits) in runs {
        let (code, count) = codes.of(symbol).expect("every symbol was counted, so it has a code");
        bits.put(code, count);
        bits.put(extra, extra_bits);
    }
    bits
}
