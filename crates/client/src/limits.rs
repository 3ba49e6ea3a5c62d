//! The bounds on what another end may cost us, in time and memory.

use std::time::Duration;

/// How long requests may take and how large answers may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpLimits {
    /// Name look-up, TCP and TLS together. Default 15 s.
    pub connect_timeout: Duration,
    /// From sending a request to the head of its answer; held requests add the time that they ask for. Default 30 s.
    pub head_timeout: Duration,
    /// Longest pause between two pieces of a body. Default 30 s.
    pub body_idle_timeout: Duration,
    /// Bytes of a JSON answer. Default 16 MiB: a page of 1000 large items.
    pub json_bytes_max: u64,
    /// Bytes of a signed document. Default 4 MiB, as `dray-trust` reads them.
    pub document_bytes_max: u64,
    /// Bytes that are read of an answer that reports a problem. Default 64 KiB.
    pub problem_bytes_max: u64,
    /// Header fields of an answer. Default 64.
    pub headers_max: usize,
    /// Connections kept open to one host while nothing is asked. Default 4.
    pub idle_connections_max: usize,
    /// How long they are kept. Default 60 s, shorter than the site and points keep them.
    pub idle_connection_timeout: Duration,
    /// Bytes that the system is asked for at a time; each open connection keeps as much memory. Default 64 KiB: four records of TLS.
    pub read_ahead_bytes: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(15),
            head_timeout: Duration::from_secs(30),
            body_idle_timeout: Duration::from_secs(30),
            json_bytes_max: 16 << 20,
            document_bytes_max: 4 << 20,
            problem_bytes_max: 64 << 10,
            headers_max: 64,
            idle_connections_max: 4,
            idle_connection_timeout: Duration::from_secs(60),
            read_ahead_bytes: 64 << 10,
        }
    }
}
