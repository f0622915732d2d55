//! Command APDUs of the contactless flow, and the status word of a response.
//!
//! Source: EMV Book 1, 11.3 (SELECT), Book 3, 6.5.8 (GET PROCESSING OPTIONS) and 6.5.11 (READ RECORD). Each
//! command has an Le of 00. A response 61xx or 6Cxx is the transport's to resolve and is a plain status here.
//!
//! It never sends an empty data field: an Lc of 00 makes some cards answer 6F00. Evidence: `mod tests` below.

use super::outcome::{CardError, ExchangeStep};
use super::tags::TAG_83_COMMAND_TEMPLATE;
use super::{dol, tlv};

/// The name of the contactless directory (Book B, 3.3.2.2).
pub const DIRECTORY_NAME: &[u8] = b"2PAY.SYS.DDF01";

/// 9000: done.
pub const STATUS_OK: u16 = 0x9000;

/// SELECT by name, first occurrence.
pub fn select(name: &[u8], extension: &[u8]) -> Vec<u8> {
    let length = u8::try_from(name.len() + extension.len()).expect("names and extensions are bounded when read");
    let mut command = Vec::with_capacity(6 + usize::from(length));
    command.extend_from_slice(&[0x00, 0xA4, 0x04, 0x00, length]);
    command.extend_from_slice(name);
    command.extend_from_slice(extension);
    command.push(0x00);
    command
}

/// GET PROCESSING OPTIONS with the answer to a PDOL.
pub fn get_processing_options(answer: &[u8]) -> Vec<u8> {
    debug_assert!(answer.len() <= dol::ANSWER_BYTES_MAX);
    let mut command = Vec::with_capacity(9 + answer.len());
    command.extend_from_slice(&[0x80, 0xA8, 0x00, 0x00, 0x00]);
    tlv::write(&mut command, TAG_83_COMMAND_TEMPLATE, answer);
    command[4] = u8::try_from(command.len() - 5).expect("a DOL answer has at most 252 bytes");
    command.push(0x00);
    command
}

/// READ RECORD of one record of a short file.
pub fn read_record(file: u8, record: u8) -> Vec<u8> {
    vec![0x00, 0xB2, record, file << 3 | 0x04, 0x00]
}

/// Splits a response into its data and its status word.
///
/// # Errors
/// [`CardError::ResponseTooShort`].
pub fn split(response: &[u8], step: ExchangeStep) -> Result<(&[u8], u16), CardError> {
    let (data, [high, low]) = response.split_last_chunk::<2>().ok_or(CardError::ResponseTooShort(step))?;
    Ok((data, u16::from_be_bytes([*high, *low])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emv::hex;

    #[test]
    fn commands_are_those_of_the_books() {
        let longest = [0x55; dol::ANSWER_BYTES_MAX];
        for (command, verdict) in [
            (select(DIRECTORY_NAME, &[]), "00A404000E325041592E5359532E444446303100"),
            (select(&[0xA0, 0, 0, 0, 3, 0x10, 0x10], &[0xAA]), "00A4040008A0000000031010AA00"),
            (get_processing_options(&[]), "80A8000002830000"),
            (get_processing_options(&[1, 2]), "80A80000048302010200"),
            (read_record(3, 1), "00B2011C00"),
            (read_record(30, 255), "00B2FFF400"),
        ] {
            assert_eq!(hex::encode(&command), verdict);
        }
        let command = get_processing_options(&longest);
        assert_eq!((command.len(), command[4], &command[5..8]), (261, 255, &[0x83, 0x81, 0xFC][..]));
    }

    #[test]
    fn a_response_has_a_status() {
        let step = ExchangeStep::ReadRecord;
        assert_eq!(split(&[0x90, 0x00], step), Ok((&[][..], 0x9000)));
        assert_eq!(split(&[0x70, 0x00, 0x6A, 0x83], step), Ok((&[0x70, 0x00][..], 0x6A83)));
        for response in [&[][..], &[0x90]] {
            assert_eq!(split(response, step), Err(CardError::ResponseTooShort(step)));
        }
    }
}
