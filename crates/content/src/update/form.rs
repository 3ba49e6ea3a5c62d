//! Opened forms: contents that stand for containers while differences are applied.
//!
//! Every change in an archive is a new deflate stream, of which no difference finds anything. So a base may be the opened form of a
//! content ([`crate::container`]), and segments may build the opened form of a wanted one, from which the receiver makes the content
//! itself. A form is in segments what a content is; its name is made from what it is a form of, so it needs no place in the update,
//! and its bytes are not checked, because what comes of them is.

use dray_model::Digest;

use super::numbering::Sized;
use crate::container::{self, Layout};

/// The containers of an update.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forms {
    /// Those of the tree `from`, in the order of the base list (`docs/formats.md`, "Update").
    pub bases: Vec<OpenedBase>,
    /// Those of the wanted tree, in its order.
    pub containers: Vec<Container>,
}

/// A container that the receiver holds and opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedBase {
    content: Digest,
    form: Digest,
    layout: Layout,
}

/// A container that the receiver builds in its opened form and closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    content: Digest,
    form: Digest,
    layout: Layout,
    corrections: Vec<u8>,
}

impl Forms {
    /// Whether there is no container.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bases.is_empty() && self.containers.is_empty()
    }
}

impl OpenedBase {
    /// A content of the tree `from` that has this layout.
    #[must_use]
    pub fn new(content: Digest, layout: Layout) -> Self {
        Self { content, form: name(b"opened base", &content, &layout), layout }
    }

    /// The content of the tree `from`.
    #[must_use]
    pub const fn content(&self) -> Digest {
        self.content
    }

    /// What the opened form is called in segments.
    #[must_use]
    pub const fn form(&self) -> Digest {
        self.form
    }

    /// How it is opened.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn sized(&self) -> Sized {
        (self.form, self.layout.opened_length())
    }
}

impl Container {
    /// A content of the wanted tree that has this layout and these corrections.
    #[must_use]
    pub fn new(content: Digest, layout: Layout, corrections: Vec<u8>) -> Self {
        Self { content, form: name(b"opened", &content, &layout), layout, corrections }
    }

    /// The content of the wanted tree.
    #[must_use]
    pub const fn content(&self) -> Digest {
        self.content
    }

    /// What the opened form is called in segments.
    #[must_use]
    pub const fn form(&self) -> Digest {
        self.form
    }

    /// The content of the tree `from` that must be at hand to close it, if there is one.
    #[must_use]
    pub fn lender(&self) -> Option<Digest> {
        container::lender(&self.corrections)
    }

    /// How the opened form is closed.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What that takes besides.
    #[must_use]
    pub fn corrections(&self) -> &[u8] {
        &self.corrections
    }

    pub(super) fn sized(&self) -> Sized {
        (self.form, self.layout.opened_length())
    }
}

/// No content has such a digest.
fn name(kind: &[u8], content: &Digest, layout: &Layout) -> Digest {
    Digest::of(&[kind, content.as_bytes(), &layout.encode()].concat())
}
