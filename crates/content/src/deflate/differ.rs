//! A stream's tokens beside those that are predicted: what differs becomes corrections.
//!
//! The predictor looks ahead, so tokens wait in a queue until the text behind them is known. The queue holds no more than some hundred.

use std::collections::VecDeque;
use std::io;

use super::borrow::{Run, Turns};
use super::parse::{BlockStart, Form};
use super::predict::{LOOKAHEAD, Predictor, Style};
use super::record::{self, Head, Misses};
use super::trees::Frequencies;
use super::window::Window;
use super::{Kind, Token};

/// What a stream is made of, in order.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Begin(Box<BlockStart>),
    Token(Token),
    Stored(Vec<u8>),
    End,
}

/// Takes the items of one stream.
pub(super) struct Differ {
    style: Style,
    predictor: Predictor,
    window: Window,
    at: u32,
    queue: VecDeque<Item>,
    block: Option<Block>,
    corrections: Vec<u8>,
    tokens: u64,
    misses: u64,
    turns: Turns,
}

/// A block that was begun.
struct Block {
    start: Box<BlockStart>,
    tokens: u64,
    misses: Misses,
    frequencies: Frequencies,
}

impl Differ {
    /// Tokens in `runs` are not predicted.
    pub(super) fn new(style: Style, runs: &[Run]) -> Self {
        let mut corrections = Vec::new();
        record::write_style(style, &mut corrections);
        Self {
            style,
            predictor: Predictor::new(style),
            window: Window::default(),
            at: 0,
            queue: VecDeque::new(),
            block: None,
            corrections,
            tokens: 0,
            misses: 0,
            turns: Turns::new(runs.to_vec()),
        }
    }

    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// Tokens so far, and those that were predicted otherwise.
    pub(super) fn score(&self) -> (u64, u64) {
        (self.tokens, self.misses)
    }

    /// Bytes of corrections so far.
    pub(super) fn length(&self) -> usize {
        self.corrections.len()
    }

    /// Takes the next item.
    pub(super) fn feed(&mut self, item: Item) -> io::Result<()> {
        match &item {
            Item::Token(Token::Literal(byte)) => self.window.append_byte(*byte)?,
            Item::Token(Token::Match(found)) => self.window.append_match(*found)?,
            Item::Stored(bytes) => self.window.append(bytes)?,
            Item::Begin(_) | Item::End => {}
        }
        self.queue.push_back(item);
        self.compare(LOOKAHEAD);
        self.window.forget_before(self.at);
        Ok(())
    }

    /// The corrections of the whole stream, and the length of its text.
    pub(super) fn finish(mut self) -> (Vec<u8>, u64) {
        self.compare(0);
        (self.corrections, u64::from(self.window.end()))
    }

    /// Compares all items behind which `ahead` bytes are known.
    fn compare(&mut self, ahead: u32) {
        while let Some(item) = self.queue.front() {
            let length = match item {
                Item::Token(token) => token.length(),
                Item::Stored(bytes) => bytes.len() as u32,
                Item::Begin(_) | Item::End => 0,
            };
            if length > 0 && self.window.end() - self.at < length + ahead {
                break;
            }
            match self.queue.pop_front().expect("the queue has a front") {
                Item::Begin(start) => {
                    self.block =
                        Some(Block { start, tokens: 0, misses: Misses::default(), frequencies: Frequencies::new() });
                }
                Item::Token(token) => self.token(token),
                Item::Stored(_) => self.predictor.accept_stored(&self.window, self.at + length),
                Item::End => self.end(),
            }
            self.at += length;
        }
    }

    fn token(&mut self, token: Token) {
        let block = self.block.as_mut().expect("tokens come in blocks");
        if self.turns.next().is_some() {
            self.predictor.pass(&self.window, self.at, token);
        } else {
            let predicted = self.predictor.predict(&self.window, self.at);
            self.predictor.accept(&self.window, self.at, token);
            if token == predicted {
                block.misses.right();
            } else {
                block.misses.wrong(token);
                self.misses += 1;
            }
        }
        block.frequencies.add(token);
        block.tokens += 1;
        self.tokens += 1;
    }

    fn end(&mut self) {
        let block = self.block.take().expect("a block that ends was begun");
        let (count, header) = match &block.start.form {
            Form::Stored(length) => (u64::from(*length), None),
            Form::Fixed => (block.tokens, None),
            Form::Dynamic(header) => {
                let own = header.bits != block.frequencies.header().bits;
                (block.tokens, own.then(|| header.bits.clone()))
            }
        };
        let kind = block.start.form.kind();
        Head { kind, last: block.start.last, count, header }.write_to(&mut self.corrections);
        if kind != Kind::Stored {
            block.misses.write_to(&mut self.corrections);
        }
    }
}
