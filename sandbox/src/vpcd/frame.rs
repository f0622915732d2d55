//! The frames of `vpcd`: a length of two bytes, big-endian, then one control byte or a command APDU.
//!
//! Source: the table "Creating a virtual smart card" of vsmartcard's manual. A frame of one byte is a control,
//! a longer one is a command; what is neither is refused, and its connection with it, for what follows could
//! not be trusted to begin a frame. It never reads past a frame. Evidence: `mod tests`.

use std::io::{self, ErrorKind, Read, Write};

/// The reader takes its power away: the tap is over. Not answered.
pub const CONTROL_POWER_OFF: u8 = 0;
/// The reader gives power: a tap begins. Not answered.
pub const CONTROL_POWER_ON: u8 = 1;
/// Power off and on. Not answered.
pub const CONTROL_RESET: u8 = 2;
/// The reader asks who is there; answered with `ATR`.
pub const CONTROL_ATR: u8 = 4;

/// What a reader says of a contactless card of type A that gives no historical bytes (PC/SC 2.01, part 3, 3.1.3.2.3).
pub(super) const ATR: [u8; 5] = [0x3B, 0x80, 0x80, 0x01, 0x01];

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    PowerOff,
    PowerOn,
    Reset,
    Atr,
    Command(Vec<u8>),
}

/// Reads one frame. `None` where the client ended the connection between two frames.
///
/// # Errors
/// `InvalidData` for a frame that is none, `UnexpectedEof` for half a one, and what the stream says.
pub(super) fn read(stream: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut first = [0];
    if stream.read(&mut first)? == 0 {
        return Ok(None);
    }
    let mut second = [0];
    stream.read_exact(&mut second)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes([first[0], second[0]]))];
    stream.read_exact(&mut bytes)?;
    match bytes[..] {
        [CONTROL_POWER_OFF] => Ok(Some(Frame::PowerOff)),
        [CONTROL_POWER_ON] => Ok(Some(Frame::PowerOn)),
        [CONTROL_RESET] => Ok(Some(Frame::Reset)),
        [CONTROL_ATR] => Ok(Some(Frame::Atr)),
        [] | [_] => Err(ErrorKind::InvalidData.into()),
        _ => Ok(Some(Frame::Command(bytes))),
    }
}

/// Writes one frame.
///
/// # Errors
/// `InvalidInput` for more than a length can say, and what the stream says.
pub(super) fn write(stream: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u16::try_from(bytes.len()).map_err(|_| ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes(), bytes].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_control_byte_or_a_command_and_anything_else_is_refused() {
        let command = |bytes: &[u8]| Ok(Some(Frame::Command(bytes.to_vec())));
        let longest = [&[0xFF, 0xFF][..], &[7; 0xFFFF]].concat();
        type Row<'a> = (&'a [u8], Result<Option<Frame>, ErrorKind>);
        let rows: &[Row<'_>] = &[
            (&[0, 1, 0], Ok(Some(Frame::PowerOff))),
            (&[0, 1, 1], Ok(Some(Frame::PowerOn))),
            (&[0, 1, 2], Ok(Some(Frame::Reset))),
            (&[0, 1, 4], Ok(Some(Frame::Atr))),
            (&[0, 2, 0, 1], command(&[0, 1])),
            (&[0, 4, 0, 0xA4, 4, 0, 99], command(&[0, 0xA4, 4, 0])),
            (&longest, command(&[7; 0xFFFF])),
            (&[], Ok(None)),
            (&[0], Err(ErrorKind::UnexpectedEof)),
            (&[0, 1], Err(ErrorKind::UnexpectedEof)),
            (&[0, 5, 0, 0xA4], Err(ErrorKind::UnexpectedEof)),
            (&[0xFF, 0xFF, 0], Err(ErrorKind::UnexpectedEof)),
            (&[0, 0], Err(ErrorKind::InvalidData)),
            (&[0, 1, 3], Err(ErrorKind::InvalidData)),
            (&[0, 1, 5], Err(ErrorKind::InvalidData)),
            (&[0, 1, 0xFF], Err(ErrorKind::InvalidData)),
        ];
        for (bytes, verdict) in rows {
            let read = read(&mut &bytes[..]).map_err(|error| error.kind());
            assert_eq!(read, *verdict, "{:.20?}", bytes);
        }
    }

    #[test]
    fn an_answer_is_framed_or_refused_whole() {
        let mut written = Vec::new();
        write(&mut written, &ATR).unwrap();
        assert_eq!(written, [0, 5, 0x3B, 0x80, 0x80, 0x01, 0x01]);
        let mut written = Vec::new();
        assert_eq!(write(&mut written, &[0; 0x1_0000]).map_err(|error| error.kind()), Err(ErrorKind::InvalidInput));
        assert!(written.is_empty());
    }

    #[test]
    fn the_answer_to_reset_ends_with_its_own_check_byte() {
        assert_eq!(ATR[1..].iter().fold(0, |sum, byte| sum ^ byte), 0);
    }
}
