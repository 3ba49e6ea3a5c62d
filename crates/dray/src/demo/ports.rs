//! Free loopback ports, which must be known before the processes that use them start.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::error::{Failure, Outcome};

/// `N` different free ports. They are let go here: another program could take one before its server starts, which then says so.
pub(super) fn free<const N: usize>() -> Outcome<[SocketAddr; N]> {
    let mut held = Vec::with_capacity(N);
    let mut ports = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); N];
    for port in &mut ports {
        let listener = TcpListener::bind(*port).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) =
            listener.map_err(|error| Failure::failed("cannot find a free port").because(&error))?;
        *port = address;
        held.push(listener);
    }
    Ok(ports)
}
