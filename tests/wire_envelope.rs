//! No value of a message is handed out before its MAC is verified, and a MAC covers every byte before it.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use taptill::acquirer::envelope::{EnvelopeError, MacVerdict, open, open_unverified, seal, seal_repeat};
use taptill::iso8583::{CodecFault, Dialect, MacOnAnswer, Op, Side, ValueName, Values};
use taptill::paycrypto::{ClearKeys, KeyError, KeyUsage, MacKey, MasterKey, make_key_block, open_key_block};

const SHIPPED: [&str; 3] = ["unionpay", "iso87", "encrypted"];

fn dialect(name: &str) -> Dialect {
    Dialect::from_toml(Dialect::shipped(name).unwrap()).unwrap()
}

fn key() -> MacKey {
    MacKey::new(b"AAAAAAAABBBBBBBB").unwrap()
}

fn values() -> Values {
    let mut values = Values::new();
    for (name, value) in [
        (ValueName::Pan, "4761739001010119"),
        (ValueName::AmountMinor, "000000010000"),
        (ValueName::Stan, "000123"),
        (ValueName::LocalTime, "064450"),
        (ValueName::LocalDate, "1122"),
        (ValueName::TransmissionDateTime, "1121224450"),
        (ValueName::TerminalId, "TERM0001"),
        (ValueName::MerchantId, "123456789012345"),
        (ValueName::CurrencyNumber, "156"),
        (ValueName::Batch, "000001"),
        (ValueName::OriginalStan, "000123"),
        (ValueName::OriginalBatch, "000001"),
        (ValueName::OriginalDate, "1122"),
        (ValueName::OriginalDateTime, "1121224450"),
        (ValueName::OriginalMti, "0200"),
        (ValueName::ReversalReason, "98"),
        (ValueName::ResponseCode, "00"),
        (ValueName::ReadFormat, "sandbox-1"),
        (ValueName::ReadKey, "host.2026"),
        (ValueName::ReadNonce, "0123456789ABCDEF"),
        (ValueName::ReadSignature, "signature"),
        (ValueName::EncryptedRead, "payload"),
        (ValueName::SalesCount, "0000000002"),
        (ValueName::SalesMinor, "0000000000020000"),
        (ValueName::VoidsCount, "0000000001"),
        (ValueName::VoidsMinor, "0000000000010000"),
        (ValueName::RefundsCount, "0000000000"),
        (ValueName::RefundsMinor, "0000000000000000"),
        (ValueName::GivenBackCount, "0000000001"),
        (ValueName::GivenBackMinor, "0000000000010000"),
        (ValueName::NetAmount, "D0000000000010000"),
        (ValueName::UploadIndex, "000001"),
        (ValueName::UploadCount, "000002"),
        (ValueName::UploadLines, "a line"),
        (ValueName::StatementDay, "20261122"),
        (ValueName::StatementPage, "0001"),
        (ValueName::ToldPart, "001"),
        (ValueName::ToldParts, "001"),
        (ValueName::ToldText, "a text"),
    ] {
        values.set(name, value);
    }
    values
}

fn unframed(dialect: &Dialect, side: Side, framed: &[u8]) -> Vec<u8> {
    let mut deframer = dialect.frame().deframer(side);
    deframer.push(framed);
    deframer.next_frame().unwrap().unwrap()
}

fn sealed(dialect: &Dialect, op: Op, side: Side, values: &Values) -> Vec<u8> {
    unframed(dialect, side, &seal(dialect, op, side, values, Some(&key())).unwrap())
}

#[test]
fn what_one_side_seals_the_other_opens() {
    for name in SHIPPED {
        let dialect = dialect(name);
        for (op, side) in Op::ALL.into_iter().flat_map(|op| [(op, Side::Request), (op, Side::Answer)]) {
            let message = sealed(&dialect, op, side, &values());
            let opened = open(&dialect, &message, Some(op), Some(&key())).unwrap();
            let is_control = matches!(op, Op::Echo | Op::SignOn);
            let verdict = if is_control { MacVerdict::NotAsked } else { MacVerdict::Verified };
            assert_eq!((opened.op, opened.side, opened.mac), (op, side, verdict), "{name}");
            assert!(!opened.is_repeat, "{name} {op}");
            assert_eq!(opened.values.get(ValueName::Stan), Some(&b"000123"[..]));
        }
    }
}

#[test]
fn no_bit_of_an_answer_can_be_changed() {
    for name in SHIPPED {
        let dialect = dialect(name);
        let message = sealed(&dialect, Op::Sale, Side::Answer, &values());
        for bit in 0..message.len() * 8 {
            let mut changed = message.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let Ok(opened) = open(&dialect, &changed, Some(Op::Sale), Some(&key())) else { continue };
            // Only the case of a hex digit of the code itself is free.
            let hex_case = name != "unionpay" && bit / 8 >= message.len() - 16 && bit % 8 == 5;
            assert!(hex_case, "{name}: bit {bit} opened as {} {}", opened.op, opened.side);
        }
    }
}

#[test]
fn a_wrong_missing_or_foreign_mac_is_refused_before_the_values() {
    for name in SHIPPED {
        let dialect = dialect(name);
        let good = sealed(&dialect, Op::Sale, Side::Answer, &values());
        let other_key = MacKey::new(b"AAAAAAAAFFFFFFFF").unwrap();
        let refused = |message: &[u8], key: Option<&MacKey>| open(&dialect, message, Some(Op::Sale), key).err();
        assert_eq!(refused(&good, Some(&other_key)), Some(EnvelopeError::MacWrong), "{name}");
        assert_eq!(refused(&good, None), Some(EnvelopeError::NoMacKey), "{name}");
        let mut without = Vec::new();
        let fields = dialect.compose(Op::Sale, Side::Answer, &values()).unwrap();
        dialect.pack(&fields, &mut without).unwrap();
        assert_eq!(refused(&without, Some(&key())), Some(EnvelopeError::MacMissing), "{name}");
        assert_eq!(refused(&without, None), Some(EnvelopeError::MacMissing), "{name}");
    }
}

/// An answer whose values would be refused is refused for its MAC first: nothing of it is believed, not even its faults.
#[test]
fn a_bad_mac_is_found_before_a_bad_value() {
    let dialect = dialect("unionpay");
    let mut fields = dialect.compose(Op::Refund, Side::Answer, &values()).unwrap();
    fields.set(3, b"000000").unwrap().set(64, b"00000000").unwrap();
    let mut message = Vec::new();
    dialect.pack(&fields, &mut message).unwrap();
    assert_eq!(open(&dialect, &message, Some(Op::Refund), Some(&key())).err(), Some(EnvelopeError::MacWrong));
    let hearsay = open_unverified(&dialect, &message).err();
    assert!(matches!(hearsay, Some(EnvelopeError::Codec(error)) if error.fault == CodecFault::TemplateMismatch));
}

#[test]
fn a_host_learns_who_speaks_without_believing_it() {
    let dialect = dialect("unionpay");
    let mut message = sealed(&dialect, Op::Sale, Side::Request, &values());
    *message.last_mut().unwrap() ^= 1;
    assert_eq!(open(&dialect, &message, None, Some(&key())).err(), Some(EnvelopeError::MacWrong));
    let hearsay = open_unverified(&dialect, &message).unwrap();
    assert_eq!((hearsay.op, hearsay.mac), (Op::Sale, MacVerdict::NotLookedAt));
    assert_eq!(hearsay.values.text(ValueName::TerminalId), Some("TERM0001"));
}

/// An answer to another request is opened as what it is: whether it was expected is the conversation's to say.
#[test]
fn an_answer_to_something_else_is_not_taken_for_the_expected_one() {
    for name in SHIPPED {
        let dialect = dialect(name);
        let message = sealed(&dialect, Op::Echo, Side::Answer, &values());
        assert_eq!(open(&dialect, &message, Some(Op::Sale), Some(&key())).unwrap().op, Op::Echo);
        let own_request = sealed(&dialect, Op::Sale, Side::Request, &values());
        assert_eq!(open(&dialect, &own_request, Some(Op::Sale), Some(&key())).unwrap().side, Side::Request);
    }
    let unknown = open(&dialect("unionpay"), &[0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0], None, None).err();
    assert_eq!(unknown, Some(EnvelopeError::Unidentified));
}

/// A sale's and a void's answer have one type: a late one is told from the awaited one by what it carries.
#[test]
fn an_answer_of_the_expected_type_is_still_told_apart() {
    for name in SHIPPED {
        let dialect = dialect(name);
        for (sent, expected) in [(Op::Void, Op::Sale), (Op::Sale, Op::Void), (Op::Echo, Op::Parameters)] {
            let message = sealed(&dialect, sent, Side::Answer, &values());
            assert_eq!(open(&dialect, &message, Some(expected), Some(&key())).unwrap().op, sent, "{name}");
        }
    }
}

#[test]
fn a_repeat_is_marked_where_the_dialect_has_a_mark_and_is_the_same_otherwise() {
    for name in SHIPPED {
        let dialect = dialect(name);
        for op in Op::ALL {
            let frame = seal_repeat(&dialect, op, &values(), Some(&key())).unwrap();
            let message = unframed(&dialect, Side::Request, &frame);
            let opened = open(&dialect, &message, None, Some(&key())).unwrap();
            let marked = dialect.row(op).unwrap().repeat_mti().is_some();
            assert_eq!((opened.op, opened.side, opened.is_repeat), (op, Side::Request, marked), "{name} {op}");
            let first = open(&dialect, &sealed(&dialect, op, Side::Request, &values()), None, Some(&key())).unwrap();
            assert!(first.values.iter().eq(opened.values.iter()), "{name} {op}");
        }
        let forwarded = [Op::Reversal, Op::VoidReversal, Op::Refund, Op::Settle, Op::BatchUpload, Op::SettleEnd];
        let marks = forwarded.map(|op| dialect.row(op).unwrap().repeat_mti().is_some());
        assert_eq!(marks, [name != "unionpay"; 6], "{name}");
    }
}

#[test]
fn where_only_approvals_need_a_mac_a_decline_may_lack_one_but_not_have_a_wrong_one() {
    let text = Dialect::shipped("unionpay").unwrap();
    let text = text.replace("mac_response = \"always\"", "mac_response = \"approved_only\"");
    let dialect = Dialect::from_toml(&text).unwrap();
    assert_eq!(dialect.row(Op::Sale).unwrap().mac_on_answer(), MacOnAnswer::ApprovedOnly);
    let answer = |code: &str, mac: Option<&[u8]>| {
        let mut values = values();
        values.set(ValueName::ResponseCode, code);
        let mut fields = dialect.compose(Op::Sale, Side::Answer, &values).unwrap();
        if let Some(mac) = mac {
            fields.set(64, mac).unwrap();
        }
        let mut message = Vec::new();
        dialect.pack(&fields, &mut message).unwrap();
        open(&dialect, &message, Some(Op::Sale), Some(&key())).map(|opened| opened.mac)
    };
    assert_eq!(answer("51", None), Ok(MacVerdict::NotAsked));
    assert_eq!(answer("51", Some(b"00000000")), Err(EnvelopeError::MacWrong));
    assert_eq!(answer("00", None), Err(EnvelopeError::MacMissing));
    assert_eq!(answer("00", Some(b"00000000")), Err(EnvelopeError::MacWrong));
    let approval = sealed(&dialect, Op::Sale, Side::Answer, &values());
    let opened = open(&dialect, &approval, Some(Op::Sale), Some(&key())).unwrap();
    assert_eq!(opened.mac, MacVerdict::Verified);
}

#[test]
fn nothing_is_sealed_without_its_key_its_values_or_its_room() {
    let unionpay = dialect("unionpay");
    let seal_sale = |dialect: &Dialect, values: &Values, key: Option<&MacKey>| {
        seal(dialect, Op::Sale, Side::Request, values, key).err().unwrap()
    };
    assert_eq!(seal_sale(&unionpay, &values(), None), EnvelopeError::NoMacKey);
    let mut without_pan = values();
    without_pan.remove(ValueName::Pan);
    let refused = seal_sale(&unionpay, &without_pan, Some(&key()));
    assert!(matches!(refused, EnvelopeError::Codec(error) if error.fault == CodecFault::ValueMissing(ValueName::Pan)));
    let single = MacKey::new(b"AAAAAAAA").unwrap();
    let refused = seal_sale(&dialect("iso87"), &values(), Some(&single));
    assert_eq!(refused, EnvelopeError::Key(KeyError::Length { usage: KeyUsage::Mac, bytes: 8 }));
    let narrow = Dialect::shipped("unionpay").unwrap().replace("bytes_max = 4096", "bytes_max = 64");
    let refused = seal_sale(&Dialect::from_toml(&narrow).unwrap(), &values(), Some(&key()));
    assert!(matches!(refused, EnvelopeError::Frame(_)));
    let no_echo = Dialect::shipped("unionpay").unwrap();
    let (head, tail) = no_echo.split_once("# Echo test").unwrap();
    let (_, tail) = tail.split_once("# Sign-on").unwrap();
    let no_echo = Dialect::from_toml(&format!("{head}# Sign-on{tail}")).unwrap();
    let refused = seal(&no_echo, Op::Echo, Side::Request, &values(), None).err();
    assert_eq!(refused, Some(EnvelopeError::NoSuchMessage(Op::Echo)));
}

/// The whole of a sign-on, from the host's keys to the first sale, in both dialects.
#[test]
fn keys_from_a_sign_on_authenticate_the_sale_that_follows() {
    let tmk = MasterKey::new(b"0123456789ABCDEF").unwrap();
    for name in SHIPPED {
        let dialect = dialect(name);
        let mak = &b"CCCCCCCCDDDDDDDD"[..dialect.mac().unwrap().algorithm.key_bytes_usual()];
        let block = make_key_block(&tmk, &ClearKeys { pik: &[0x31; 16], mak, tdk: None }).unwrap();
        let mut answer = values();
        answer.set(ValueName::KeyBlock, &block);
        let message =
            unframed(&dialect, Side::Answer, &seal(&dialect, Op::SignOn, Side::Answer, &answer, None).unwrap());
        let opened = open(&dialect, &message, Some(Op::SignOn), None).unwrap();
        let keys = open_key_block(&tmk, opened.values.get(ValueName::KeyBlock).unwrap()).unwrap();
        let sale = seal(&dialect, Op::Sale, Side::Request, &values(), Some(&keys.mak)).unwrap();
        let sale = unframed(&dialect, Side::Request, &sale);
        let host_key = MacKey::new(mak).unwrap();
        assert_eq!(open(&dialect, &sale, None, Some(&host_key)).unwrap().mac, MacVerdict::Verified, "{name}");
    }
}
