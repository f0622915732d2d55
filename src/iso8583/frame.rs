//! The envelope on the wire: a length, a TPDU, a header, and then the message.
//!
//! The length counts everything after itself. A TPDU is one byte of identity, two of destination and two of
//! origin; an answer has the addresses swapped. The header is the dialect's constant on what goes out and is not
//! looked at on what comes in. An announced size is refused before a byte is set aside for it, and the first fault
//! ends the stream, because nothing after it can be trusted to begin where it should.
//! Evidence: `mod tests` below, `tests/wire_rubbish.rs` (any split of a stream gives the same frames).

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroize;

use super::chars;
use super::message::Side;

/// How the length in front of a frame is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthPrefix {
    /// Two bytes, big endian.
    Binary2,
    /// Four BCD digits in two bytes.
    Bcd2,
    /// Four ASCII digits.
    Ascii4,
    /// Not at all: the transport keeps message boundaries, and each push is a frame.
    None,
}

impl LengthPrefix {
    fn bytes(self) -> usize {
        match self {
            Self::Binary2 | Self::Bcd2 => 2,
            Self::Ascii4 => 4,
            Self::None => 0,
        }
    }

    /// The largest size that can be written.
    pub(super) fn size_max(self) -> usize {
        match self {
            Self::Binary2 | Self::None => 65_535,
            Self::Bcd2 | Self::Ascii4 => 9_999,
        }
    }

    fn write(self, size: usize, out: &mut Vec<u8>) {
        let digit = |power: usize| (size / power % 10) as u8;
        match self {
            Self::Binary2 => out.extend_from_slice(&(size as u16).to_be_bytes()),
            Self::Bcd2 => out.extend_from_slice(&[digit(1000) << 4 | digit(100), digit(10) << 4 | digit(1)]),
            Self::Ascii4 => out.extend([1000, 100, 10, 1].map(|power| b'0' + digit(power))),
            Self::None => {}
        }
    }

    fn read(self, prefix: &[u8]) -> Option<usize> {
        match (self, prefix) {
            (Self::Binary2, [high, low]) => Some(usize::from(*high) << 8 | usize::from(*low)),
            (Self::Bcd2, [_, _]) if chars::all_in(chars::BCD_DIGITS, prefix) => Some(
                prefix.iter().fold(0, |sum, byte| sum * 100 + usize::from(byte >> 4) * 10 + usize::from(byte & 0xF)),
            ),
            (Self::Ascii4, [_, _, _, _]) if chars::all_in(chars::DIGIT, prefix) => {
                Some(prefix.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit & 0xF)))
            }
            _ => None,
        }
    }
}

/// How messages are framed.
#[derive(Clone, Debug)]
pub struct Frame {
    pub(super) prefix: LengthPrefix,
    pub(super) tpdu: Option<[u8; TPDU_BYTES]>,
    pub(super) header_request: Vec<u8>,
    pub(super) header_answer: Vec<u8>,
    pub(super) bytes_max: usize,
}

/// Bytes of a TPDU: identity, destination, origin.
pub(super) const TPDU_BYTES: usize = 5;

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The frame is larger than the dialect allows.
    TooLarge {
        /// The bytes after the length.
        bytes: usize,
        /// The bytes that are allowed.
        bytes_max: usize,
    },
    /// The frame has no room for its TPDU, its header and a message.
    TooShort {
        /// The bytes after the length.
        bytes: usize,
    },
    /// The length is not written in digits.
    LengthNotDigits,
    /// The TPDU is not the one of the other side.
    TpduWrong,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, bytes_max } => write!(f, "a frame of {bytes} bytes is larger than {bytes_max}"),
            Self::TooShort { bytes } => write!(f, "a frame of {bytes} bytes holds no message"),
            Self::LengthNotDigits => f.write_str("the length of the frame is not written in digits"),
            Self::TpduWrong => f.write_str("the TPDU is not the one of the other side"),
        }
    }
}

impl std::error::Error for FrameError {}

impl Frame {
    /// The largest frame in bytes, without its length prefix.
    #[must_use]
    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Appends length, TPDU, header and message as the given side sends them.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`], [`FrameError::TooShort`] for an empty message; nothing is appended then.
    pub fn wrap(&self, sent_by: Side, message: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let size = self.overhead() + message.len();
        self.check_size(size)?;
        out.reserve(self.prefix.bytes() + size);
        self.prefix.write(size, out);
        out.extend(self.tpdu_of(sent_by).into_iter().flatten());
        out.extend_from_slice(self.header_of(sent_by));
        out.extend_from_slice(message);
        Ok(())
    }

    /// A deframer for what the given side sends: a terminal reads `Side::Answer`, a host `Side::Request`.
    #[must_use]
    pub fn deframer(&self, sent_by: Side) -> Deframer {
        Deframer { frame: self.clone(), sent_by, buffer: Vec::new(), fault: None }
    }

    fn overhead(&self) -> usize {
        self.tpdu.map_or(0, |tpdu| tpdu.len()) + self.header_request.len()
    }

    fn check_size(&self, bytes: usize) -> Result<(), FrameError> {
        if bytes > self.bytes_max {
            return Err(FrameError::TooLarge { bytes, bytes_max: self.bytes_max });
        }
        if bytes <= self.overhead() {
            return Err(FrameError::TooShort { bytes });
        }
        Ok(())
    }

    fn tpdu_of(&self, sent_by: Side) -> Option<[u8; TPDU_BYTES]> {
        self.tpdu.map(|[identity, to_high, to_low, from_high, from_low]| match sent_by {
            Side::Request => [identity, to_high, to_low, from_high, from_low],
            Side::Answer => [identity, from_high, from_low, to_high, to_low],
        })
    }

    fn header_of(&self, sent_by: Side) -> &[u8] {
        match sent_by {
            Side::Request => &self.header_request,
            Side::Answer => &self.header_answer,
        }
    }
}

/// Cuts a byte stream into messages.
pub struct Deframer {
    frame: Frame,
    sent_by: Side,
    buffer: Vec<u8>,
    fault: Option<FrameError>,
}

impl Deframer {
    /// Takes bytes as they arrive. After a fault they are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.fault.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether no byte of a next frame is held: the other side is between two messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The next whole message, without prefix, TPDU and header; `None` until all of it has arrived.
    ///
    /// # Errors
    /// [`FrameError`]; it is final, and comes again for every later call.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.cut_one().inspect_err(|fault| {
            self.fault = Some(*fault);
            self.buffer.zeroize();
        })
    }

    fn cut_one(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let prefix_bytes = self.frame.prefix.bytes();
        let Some(prefix) = self.buffer.get(..prefix_bytes).filter(|_| !self.buffer.is_empty()) else {
            return Ok(None);
        };
        let size = match self.frame.prefix {
            LengthPrefix::None => self.buffer.len(),
            length => length.read(prefix).ok_or(FrameError::LengthNotDigits)?,
        };
        self.frame.check_size(size)?;
        let end = prefix_bytes + size;
        let Some(framed) = self.buffer.get(prefix_bytes..end) else { return Ok(None) };
        let tpdu = self.frame.tpdu_of(self.sent_by);
        if tpdu.is_some_and(|tpdu| !framed.starts_with(&tpdu)) {
            return Err(FrameError::TpduWrong);
        }
        let message = framed[self.frame.overhead()..].to_vec();
        self.buffer.drain(..end);
        Ok(Some(message))
    }
}

impl Drop for Deframer {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(prefix: LengthPrefix, tpdu: bool) -> Frame {
        Frame {
            prefix,
            tpdu: tpdu.then_some([0x60, 0x00, 0x03, 0x12, 0x34]),
            header_request: if tpdu { vec![0x60, 0x22] } else { vec![] },
            header_answer: if tpdu { vec![0x60, 0x23] } else { vec![] },
            bytes_max: 64,
        }
    }

    fn wrapped(frame: &Frame, side: Side, message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        frame.wrap(side, message, &mut out).unwrap();
        out
    }

    #[test]
    fn a_frame_has_its_parts_in_order() {
        let tpdu = frame(LengthPrefix::Binary2, true);
        for (frame, side, verdict) in [
            (&tpdu, Side::Request, &b"\0\x0A\x60\x00\x03\x12\x34\x60\x22abc"[..]),
            (&tpdu, Side::Answer, b"\0\x0A\x60\x12\x34\x00\x03\x60\x23abc"),
            (&frame(LengthPrefix::Ascii4, false), Side::Request, b"0003abc"),
            (&frame(LengthPrefix::Bcd2, true), Side::Request, b"\0\x10\x60\x00\x03\x12\x34\x60\x22abc"),
            (&frame(LengthPrefix::None, false), Side::Answer, b"abc"),
        ] {
            assert_eq!(wrapped(frame, side, b"abc"), verdict);
        }
    }

    #[test]
    fn two_frames_in_one_push_come_one_by_one() {
        let frame = frame(LengthPrefix::Bcd2, true);
        let mut deframer = frame.deframer(Side::Answer);
        deframer.push(&[wrapped(&frame, Side::Answer, b"one"), wrapped(&frame, Side::Answer, b"two")].concat());
        assert_eq!(deframer.next_frame(), Ok(Some(b"one".to_vec())));
        assert_eq!(deframer.next_frame(), Ok(Some(b"two".to_vec())));
        assert_eq!(deframer.next_frame(), Ok(None));
        assert!(deframer.is_empty());
        deframer.push(b"\0");
        assert!(!deframer.is_empty());
    }

    #[test]
    fn what_is_no_frame_is_refused_for_good() {
        let too_large = |bytes| FrameError::TooLarge { bytes, bytes_max: 64 };
        for (prefix, tpdu, bytes, verdict) in [
            (LengthPrefix::Binary2, false, &b"\0\x41"[..], too_large(65)),
            (LengthPrefix::Binary2, false, b"\xFF\xFF", too_large(65_535)),
            (LengthPrefix::Bcd2, false, b"\x99\x99", too_large(9_999)),
            (LengthPrefix::Ascii4, false, b"9999", too_large(9_999)),
            (LengthPrefix::Binary2, false, b"\0\0", FrameError::TooShort { bytes: 0 }),
            (LengthPrefix::Binary2, true, b"\0\x07", FrameError::TooShort { bytes: 7 }),
            (LengthPrefix::Bcd2, false, b"\0\x0A", FrameError::LengthNotDigits),
            (LengthPrefix::Ascii4, false, b"00 3abc", FrameError::LengthNotDigits),
            (LengthPrefix::Ascii4, false, b"+003abc", FrameError::LengthNotDigits),
            (LengthPrefix::Binary2, true, b"\0\x0A\x60\x00\x03\x12\x34\x60\x22abc", FrameError::TpduWrong),
            (LengthPrefix::Binary2, true, b"\0\x0A\x61\x12\x34\x00\x03\x60\x22abc", FrameError::TpduWrong),
        ] {
            let frame = frame(prefix, tpdu);
            let mut deframer = frame.deframer(Side::Answer);
            deframer.push(bytes);
            assert_eq!(deframer.next_frame(), Err(verdict), "{bytes:02X?}");
            deframer.push(&wrapped(&frame, Side::Answer, b"good"));
            assert_eq!(deframer.next_frame(), Err(verdict), "nothing after a fault is believed");
        }
    }

    #[test]
    fn what_would_be_no_frame_is_not_sent() {
        let frame = frame(LengthPrefix::Binary2, true);
        let mut out = vec![1];
        assert_eq!(frame.wrap(Side::Request, b"", &mut out), Err(FrameError::TooShort { bytes: 7 }));
        let large = frame.wrap(Side::Request, &[0; 58], &mut out);
        assert_eq!(large, Err(FrameError::TooLarge { bytes: 65, bytes_max: 64 }));
        assert_eq!(out, [1], "nothing is appended");
    }

    #[test]
    fn an_announced_size_sets_no_memory_aside() {
        let mut deframer = frame(LengthPrefix::Binary2, false).deframer(Side::Answer);
        deframer.push(b"\0\x40");
        assert_eq!(deframer.next_frame(), Ok(None));
        assert!(deframer.buffer.capacity() < 64);
    }
}
