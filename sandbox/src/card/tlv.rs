//! Writing BER-TLV objects, the card's way: shortest form, no padding (EMV Book 3, annex B).
//! Evidence: `tests/card_kernel.rs`, where the core reads it back.

/// One data object with a tag of one or two bytes.
pub(super) fn object(tag: u16, value: &[u8]) -> Vec<u8> {
    let mut written = match tag.to_be_bytes() {
        [0, only] => vec![only],
        both => both.to_vec(),
    };
    let length = u16::try_from(value.len()).expect("a card's data objects are shorter than 64 KiB");
    match length.to_be_bytes() {
        [0, short @ 0..=0x7F] => written.push(short),
        [0, long] => written.extend([0x81, long]),
        [high, low] => written.extend([0x82, high, low]),
    }
    written.extend(value);
    written
}

/// A template: a data object made of others.
pub(super) fn template(tag: u16, parts: &[Vec<u8>]) -> Vec<u8> {
    object(tag, &parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (length, verdict) in
            [(0, vec![0x5A, 0]), (127, vec![0x5A, 127]), (128, vec![0x5A, 0x81, 128]), (256, vec![0x5A, 0x82, 1, 0])]
        {
            let written = object(0x5A, &vec![7; length]);
            assert_eq!(written[..written.len() - length], verdict);
        }
        assert_eq!(object(0x9F36, &[0, 1]), [0x9F, 0x36, 2, 0, 1]);
    }
}
