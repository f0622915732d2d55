//! The socket of a card: a thread that listens, and one for each reader that connects.
//!
//! What a client may cost is bounded: how many there are, and how long a frame may take once it has begun.
//! It never listens beyond this machine's loopback. Evidence: `mod tests`, `sandbox/tests/till_card.rs`.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::frame;
use super::session::{Answer, Session};
use crate::card::SimulatedCard;
use crate::host::HostError;

const CONNECTIONS_MAX: usize = 64;
const FRAME_LIMIT: Duration = Duration::from_secs(10);
const WRITE_LIMIT: Duration = Duration::from_secs(5);
const REST_AFTER_FAULT: Duration = Duration::from_millis(50);

/// A simulated card on a socket.
pub struct CardServer;

impl CardServer {
    /// Serves a card on this address, from threads of its own; port 0 takes any that is free.
    ///
    /// # Errors
    /// `AddressNotLoopback`, `AddressUnusable`, `ThreadFailed`.
    pub fn start(card: SimulatedCard, listen: SocketAddr) -> Result<RunningCard, HostError> {
        if !listen.ip().is_loopback() {
            return Err(HostError::AddressNotLoopback);
        }
        let listener = TcpListener::bind(listen).map_err(|_| HostError::AddressUnusable)?;
        let address = listener.local_addr().map_err(|_| HostError::AddressUnusable)?;
        let field = Arc::new(Field { card, ended: AtomicBool::new(false), readers: Mutex::new(Vec::new()) });
        let thread = thread::Builder::new().name("taptill-card".into()).spawn({
            let field = Arc::clone(&field);
            move || field.listen(&listener)
        });
        let thread = thread.map_err(|_| HostError::ThreadFailed)?;
        Ok(RunningCard { address, field, thread: Some(thread) })
    }

    /// Serves a card to a reader that listens, until either of them leaves.
    ///
    /// # Errors
    /// `AddressNotLoopback`, `AddressUnusable` where no reader listens.
    pub fn visit(card: SimulatedCard, reader: SocketAddr) -> Result<(), HostError> {
        if !reader.ip().is_loopback() {
            return Err(HostError::AddressNotLoopback);
        }
        let mut stream = TcpStream::connect(reader).map_err(|_| HostError::AddressUnusable)?;
        // However the reader leaves, the visit is over.
        let _ = serve(&mut stream, Session::new(card));
        Ok(())
    }
}

/// A card that listens. Dropping it takes the card away from every reader.
pub struct RunningCard {
    address: SocketAddr,
    field: Arc<Field>,
    thread: Option<JoinHandle<()>>,
}

impl RunningCard {
    /// Where it listens, with the port that it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

impl Drop for RunningCard {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.field.ended.store(true, Ordering::SeqCst);
        // The listener wakes up for one more connection, and sees that it is over.
        if TcpStream::connect(self.address).is_ok() {
            let _panicked = thread.join();
        }
        for reader in self.field.readers().drain(..) {
            let _ = reader.shutdown(Shutdown::Both);
        }
    }
}

/// What the threads of a card share.
struct Field {
    card: SimulatedCard,
    ended: AtomicBool,
    /// A handle of each connection, to end it by.
    readers: Mutex<Vec<TcpStream>>,
}

impl Field {
    fn listen(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            match accepted {
                Ok((stream, _)) => self.admit(stream),
                // Out of file handles, as a rule: wait for connections to end.
                Err(_) => thread::sleep(REST_AFTER_FAULT),
            }
        }
    }

    /// Gives the reader a thread, or lets it go: no place, no handle, no thread.
    fn admit(self: &Arc<Self>, mut stream: TcpStream) {
        let (Ok(handle), Ok(peer)) = (stream.try_clone(), stream.peer_addr()) else { return };
        let mut readers = self.readers();
        if readers.len() >= CONNECTIONS_MAX {
            return;
        }
        readers.push(handle);
        drop(readers);
        let field = Arc::clone(self);
        let run = move || {
            let _left = serve(&mut stream, Session::new(field.card.clone()));
            let _ = stream.shutdown(Shutdown::Both);
            field.forget(peer);
        };
        if thread::Builder::new().name("taptill-card-reader".into()).spawn(run).is_err() {
            self.forget(peer);
        }
    }

    fn forget(&self, peer: SocketAddr) {
        self.readers().retain(|reader| reader.peer_addr().is_ok_and(|address| address != peer));
    }

    fn readers(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers frames until the reader ends the connection, sends what is no frame, or the card is gone.
fn serve(stream: &mut TcpStream, mut session: Session) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_LIMIT))?;
    loop {
        // A reader may take its time between frames, not within one.
        stream.set_read_timeout(None)?;
        stream.peek(&mut [0])?;
        stream.set_read_timeout(Some(FRAME_LIMIT))?;
        let Some(frame) = frame::read(stream)? else { return Ok(()) };
        match session.take(frame) {
            Answer::Bytes(bytes) => frame::write(stream, &bytes)?,
            Answer::Nothing => {}
            Answer::Gone => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::card::named;

    fn visa() -> RunningCard {
        CardServer::start(named("visa").unwrap(), "127.0.0.1:0".parse().unwrap()).unwrap()
    }

    fn reader(card: &RunningCard) -> TcpStream {
        let stream = TcpStream::connect(card.address()).unwrap();
        stream.set_read_timeout(Some(FRAME_LIMIT)).unwrap();
        stream
    }

    fn ask_atr(stream: &mut TcpStream) -> io::Result<[u8; 7]> {
        stream.write_all(&[0, 1, 4])?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).map(|()| answer)
    }

    #[test]
    fn a_card_is_served_to_this_machine_alone() {
        for (address, verdict) in
            [("0.0.0.0:0", HostError::AddressNotLoopback), ("192.0.2.1:9", HostError::AddressNotLoopback)]
        {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(CardServer::start(named("visa").unwrap(), address).err(), Some(verdict));
            assert_eq!(CardServer::visit(named("visa").unwrap(), address).err(), Some(verdict));
        }
        let card = visa();
        let taken = CardServer::start(named("visa").unwrap(), card.address()).err();
        assert_eq!(taken, Some(HostError::AddressUnusable));
    }

    #[test]
    fn what_is_no_frame_ends_its_connection_and_no_other() {
        let card = visa();
        let mut good = reader(&card);
        ask_atr(&mut good).unwrap();
        for bytes in [&[0, 0][..], &[0, 1, 9], &[0, 1, 0xFF]] {
            let mut bad = reader(&card);
            bad.write_all(bytes).unwrap();
            assert_eq!(bad.read(&mut [0]).unwrap_or(0), 0, "{bytes:?}");
        }
        ask_atr(&mut good).unwrap();
    }

    #[test]
    fn there_are_only_so_many_places_and_a_place_is_free_again() {
        let card = visa();
        let mut seated: Vec<TcpStream> = (0..CONNECTIONS_MAX).map(|_| reader(&card)).collect();
        for stream in &mut seated {
            ask_atr(stream).unwrap();
        }
        assert!(ask_atr(&mut reader(&card)).is_err());
        seated.pop();
        // The place is free once the card's thread has seen the connection end.
        let deadline = std::time::Instant::now() + FRAME_LIMIT;
        while ask_atr(&mut reader(&card)).is_err() {
            assert!(std::time::Instant::now() < deadline, "no place was given back");
            thread::yield_now();
        }
    }

    #[test]
    fn a_card_that_is_taken_away_is_gone_for_every_reader() {
        let card = visa();
        let mut stream = reader(&card);
        ask_atr(&mut stream).unwrap();
        let address = card.address();
        drop(card);
        assert!(ask_atr(&mut stream).is_err());
        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    fn a_card_visits_a_reader_that_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let visit = thread::spawn(move || CardServer::visit(named("visa").unwrap(), address));
        let (mut stream, _) = listener.accept().unwrap();
        ask_atr(&mut stream).unwrap();
        drop((stream, listener));
        visit.join().unwrap().unwrap();
        assert_eq!(CardServer::visit(named("visa").unwrap(), address), Err(HostError::AddressUnusable));
    }
}
