//! Recording a live tap, with everything masked that names the cardholder.
//!
//! The rule, so that a masked value still parses: of a card number (5A, 57, 56, 9F6B) the first six and the last
//! four digits stay and all between are 0; of tracks, what follows the service code is 0; names (5F20) are X;
//! discretionary data (9F1F, 9F20) and the card's certificate (9F46, from which anyone with the public keys
//! reads the card number) are 00. A response that is no BER-TLV keeps its status word alone.
//!
//! It never holds an unmasked byte: masking is done as a response comes in. Evidence: `mod tests` below.

use std::collections::BTreeMap;

use crate::emv::hex::{HexArray, HexBytes};
use crate::emv::kernel3::KERNEL;
use crate::emv::tags::*;
use crate::emv::tlv;

use super::Transcript;

const TAG_56_TRACK1_DATA: Tag = Tag(0x56);
const TAG_9F1F_TRACK1_DISCRETIONARY_DATA: Tag = Tag(0x9F1F);
const TAG_9F20_TRACK2_DISCRETIONARY_DATA: Tag = Tag(0x9F20);
const TAG_9F6B_TRACK2_DATA: Tag = Tag(0x9F6B);

/// Hears a tap and becomes a transcript.
pub struct Recorder {
    transcript: Transcript,
}

impl Recorder {
    /// Begins with the transaction's date, BCD.
    #[must_use]
    pub fn new(name: impl Into<String>, date_yymmdd: [u8; 3]) -> Self {
        let transcript = Transcript {
            name: name.into(),
            kernel: Some(KERNEL),
            date: Some(HexArray(date_yymmdd)),
            masked: true,
            capks: None,
            terminal: BTreeMap::new(),
            apdus: Vec::new(),
            expect: None,
        };
        Self { transcript }
    }

    /// Takes in one command and its response.
    pub fn hear(&mut self, command: &[u8], response: &[u8]) {
        self.transcript.apdus.push((HexBytes(command.to_vec()), HexBytes(mask(response))));
    }

    /// Ends.
    #[must_use]
    pub fn finish(self) -> Transcript {
        self.transcript
    }
}

fn mask(response: &[u8]) -> Vec<u8> {
    let mut masked = response.to_vec();
    let data_bytes = response.len().saturating_sub(2);
    for element in tlv::walk(&response[..data_bytes]) {
        let Ok((_, element)) = element else {
            return response[data_bytes..].to_vec();
        };
        let value = &mut masked[element.value_range()];
        match element.tag {
            TAG_5A_PAN | TAG_57_TRACK2_EQUIVALENT_DATA | TAG_9F6B_TRACK2_DATA => mask_digits(value),
            TAG_5F20_CARDHOLDER_NAME => value.fill(b'X'),
            TAG_56_TRACK1_DATA
            | TAG_9F1F_TRACK1_DISCRETIONARY_DATA
            | TAG_9F20_TRACK2_DISCRETIONARY_DATA
            | TAG_9F46_ICC_CERTIFICATE => value.fill(0x00),
            _ => {}
        }
    }
    masked
}

/// Masks a card number and, behind its separator, all after four digits of date and three of service code.
fn mask_digits(value: &mut [u8]) {
    let digit_at = |value: &[u8], at: usize| value[at / 2] >> (4 * (1 - at % 2)) & 0x0F;
    let count = 2 * value.len();
    let number_end = (0..count).find(|at| digit_at(value, *at) > 9).unwrap_or(count);
    for at in 0..count {
        let in_number = (6..number_end.saturating_sub(4)).contains(&at);
        let behind_service_code = at > number_end + 7;
        if (in_number || behind_service_code) && digit_at(value, at) <= 9 {
            value[at / 2] &= if at % 2 == 0 { 0x0F } else { 0xF0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emv::hex;

    #[test]
    fn what_names_the_cardholder_is_masked() {
        for (response, verdict) in [
            ("70145A0847617390010100105F24031912315F3401019000", "70145A0847617300000000105F24031912315F3401019000"),
            ("771257104761739001010010D1912201114388259000", "771257104761730000000010D1912201000000009000"),
            ("770E570C4761739001010010D19122019000", "770E570C4761730000000010D19122019000"),
            ("70055F200241429000", "70055F200258589000"),
            ("70059F460212349000", "70059F460200009000"),
            ("6A82", "6A82"),
            ("5A0847619000", "9000"),
            ("90", "90"),
            ("800A2000180101011001010090009000", "800A2000180101011001010090009000"),
        ] {
            assert_eq!(hex::encode(&mask(&hex::decode(response).unwrap())), verdict, "{response}");
        }
    }

    #[test]
    fn a_recording_says_that_it_is_masked() {
        let mut recorder = Recorder::new("tap", [0x26, 0x11, 0x22]);
        recorder.hear(&[0x00, 0xB2, 0x01, 0x0C, 0x00], &[0x6A, 0x83]);
        let text = recorder.finish().to_json();
        let read = Transcript::from_json(&text).unwrap();
        assert!(read.masked && read.date == Some(HexArray([0x26, 0x11, 0x22])));
        assert_eq!(read.apdus.len(), 1);
    }
}
