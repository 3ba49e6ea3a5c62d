//! Simulated clients against a real site: a server on loopback with its own SQLite database.
#![cfg(test)]

mod clients;
mod commands;
mod site;
