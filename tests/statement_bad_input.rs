//! Statement files that cannot be used: a typed error each, with its line, and never more than a line in memory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{BufReader, Read};

use taptill::error::Error;
use taptill::settlement::statement::{CamtLines, ColumnMap, CsvLines, Day, LINE_BYTES_MAX, Line, LineKind, Refused};

const HEAD: &str = "date,amount,currency,rrn\n";
const GOOD: &str = "2026-11-22,12.30,CNY,432600000017\n";

fn csv(file: &[u8]) -> Result<Vec<Line>, Refused> {
    CsvLines::new(file, ColumnMap::default()).collect()
}

fn camt(file: &[u8]) -> Result<Vec<Line>, Refused> {
    CamtLines::new(file).collect()
}

fn told<T>(result: Result<T, Refused>) -> String {
    result.err().map_or("ok".to_owned(), |refused| Error::from(refused).to_string())
}

#[test]
fn a_table_that_is_not_as_it_must_be_is_refused_with_its_line() {
    let file = |rest: &str| format!("{HEAD}{GOOD}{rest}").into_bytes();
    let noted = |note: &str| format!("date,amount,currency,note\n2026-11-22,1,CNY,{note}").into_bytes();
    let long = format!("2026-11-22,1,CNY,{}\n", "1".repeat(LINE_BYTES_MAX * 2));
    let quote_open = format!("2026-11-22,1,CNY,\"{}", "1\n".repeat(LINE_BYTES_MAX));
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("as it must be", file(GOOD), "ok"),
        ("no line feed at the end", file(GOOD.trim_end()), "ok"),
        ("nothing", vec![], "statement_columns_wrong column=date line=1"),
        ("no column of dates", b"day,amount,currency\n".to_vec(), "statement_columns_wrong column=date line=1"),
        ("no column of amounts", b"date,currency\n".to_vec(), "statement_columns_wrong column=amount line=1"),
        ("no column of currencies", b"date,amount\n".to_vec(), "statement_columns_wrong column=currency line=1"),
        ("a column twice", b"date,amount,currency,amount\n".to_vec(), "statement_columns_wrong column=amount line=1"),
        ("semicolons", HEAD.replace(',', ";").into_bytes(), "statement_columns_wrong column=date line=1"),
        ("a column less", file("2026-11-22,12.30,CNY\n"), "statement_columns_wrong column=count line=3"),
        ("a column more", file("2026-11-22,12.30,CNY,1,2\n"), "statement_columns_wrong column=count line=3"),
        ("cut off", file("2026-11-2"), "statement_columns_wrong column=count line=3"),
        ("UTF-16", [b"\xff\xfed\0a\0t\0e\0".as_slice(), HEAD.as_bytes()].concat(), "statement_columns_wrong column=date line=1"),
        ("GBK", [file("").as_slice(), b"2026-11-22,1,CNY,\xcf\xfb\n"].concat(), "statement_encoding_broken line=3"),
        ("GBK in a column that nobody reads", b"date,amount,currency,note\n2026-11-22,1,CNY,\xcf\xfb\n".to_vec(), "statement_encoding_broken line=2"),
        ("half a letter", [file("").as_slice(), b"2026-11-22,1,CNY,\xe6\xb6\n"].concat(), "statement_encoding_broken line=3"),
        ("a long line", file(&long), "statement_line_too_long bytes_max=65536 line=3"),
        ("a quotation mark that never closes", file(&quote_open), "statement_line_too_long bytes_max=65536 line=3"),
        ("a quotation mark that opens the last column", noted("\"x\n2026-11-22,2,CNY,y\n"), "statement_unreadable why=quotation_mark line=2"),
        ("the same, and the file ends", noted("\"x"), "statement_unreadable why=quotation_mark line=2"),
        ("one more at its end", noted("\"x\"\"\n"), "statement_unreadable why=quotation_mark line=2"),
        ("one that another line's closes", noted("\"x\n2026-11-22,2,CNY,\"y\"\n"), "statement_unreadable why=quotation_mark line=2"),
        ("one in the line of names", b"date,amount,currency,\"note\n2026-11-22,1,CNY,x\n".to_vec(), "statement_unreadable why=quotation_mark line=1"),
        ("one inside a text", noted("5\" pipe\n2026-11-22,2,CNY,y\n"), "ok"),
        ("two that fit, and no line feed at the end", noted("\"x, \"\"y\"\"\nz\""), "ok"),
        ("two that fit, before an end of two bytes", noted("\"x\"\r\n2026-11-22,2,CNY,\"\"\r\n"), "ok"),
        ("a mark of byte order, and a quoted name", b"\xef\xbb\xbf\"date\",amount,currency\n2026-11-22,1,CNY\n".to_vec(), "ok"),
        ("a day that is none", file("2026-11-31,1,CNY,1\n"), "statement_value_malformed column=date line=3"),
        ("a day written otherwise", file("22.11.2026,1,CNY,1\n"), "statement_value_malformed column=date line=3"),
        ("no day", file(",1,CNY,1\n"), "statement_value_malformed column=date line=3"),
        ("an amount that is none", file("2026-11-22,twelve,CNY,1\n"), "statement_value_malformed column=amount line=3"),
        ("an amount too fine", file("2026-11-22,1.234,CNY,1\n"), "statement_value_malformed column=amount line=3"),
        ("an amount too large", file("2026-11-22,99999999999999,CNY,1\n"), "statement_value_malformed column=amount line=3"),
        ("no amount", file("2026-11-22,,CNY,1\n"), "statement_value_malformed column=amount line=3"),
        ("a currency that is none", file("2026-11-22,1,XXX,1\n"), "statement_value_malformed column=currency line=3"),
        ("a reference number too long", file("2026-11-22,1,CNY,1234567890123\n"), "statement_value_malformed column=rrn line=3"),
        ("a total below the table", file("Total,1,CNY,\n"), "statement_value_malformed column=date line=3"),
        ("after lines of two bytes' end", file("2026-11-22,x,CNY,1\n").iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect(), "statement_value_malformed column=amount line=3"),
        ("after an empty line", file("\n\n2026-11-22,x,CNY,1\n"), "statement_value_malformed column=amount line=5"),
        ("not a table at all", b"\x89PNG\r\n\x1a\n\0\0\0".to_vec(), "statement_columns_wrong column=date line=1"),
    ];
    for (case, file, verdict) in table {
        assert_eq!(told(csv(&file)), verdict, "{case}");
    }
}

fn statement(entries: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt>\n\
         {entries}</Stmt></BkToCstmrStmt></Document>\n"
    )
}

const ENTRY: &str = "<Ntry><Amt Ccy=\"EUR\">12.30</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
                     <BookgDt><Dt>2026-11-23</Dt></BookgDt></Ntry>\n";

#[test]
fn an_xml_that_is_not_as_it_must_be_is_refused_with_its_line() {
    let with = |from: &str, to: &str| statement(&ENTRY.replace(from, to));
    let laughs = "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [<!ENTITY lol \"lol\">\n\
                  <!ENTITY lol1 \"&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;\">]>\n<lolz>&lol1;</lolz>\n";
    let outside = "<!DOCTYPE x [<!ENTITY file SYSTEM \"file:///etc/passwd\">]>\n<x>&file;</x>\n";
    let whole = statement(ENTRY);
    #[rustfmt::skip]
    let table: Vec<(&str, String, &str)> = vec![
        ("as it must be", whole.clone(), "ok"),
        ("no entries", statement(""), "ok"),
        ("a billion laughs", laughs.to_owned(), "statement_xml_refused why=document_type line=3"),
        ("an entity from outside", outside.to_owned(), "statement_xml_refused why=document_type line=1"),
        ("an entity that nobody defined", with("12.30", "&lol;"), "statement_xml_refused why=entity line=3"),
        ("too deep", statement(&"<a>".repeat(40)), "statement_xml_refused why=too_deep line=3"),
        ("a long text", with("12.30", &"1".repeat(LINE_BYTES_MAX * 2)), "statement_line_too_long bytes_max=65536 line=3"),
        ("a long text in pieces", with("12.30", &"1&amp;".repeat(LINE_BYTES_MAX)), "statement_line_too_long bytes_max=65536 line=3"),
        ("a long attribute", with("EUR", &"E".repeat(LINE_BYTES_MAX * 2)), "statement_line_too_long bytes_max=65536 line=3"),
        ("a long comment", with("<Ntry>", &format!("<!--{}--><Ntry>", "x".repeat(LINE_BYTES_MAX * 2))), "statement_line_too_long bytes_max=65536 line=3"),
        ("cut off in an element", whole[..whole.len() / 2].to_owned(), "statement_xml_refused why=truncated line=3"),
        ("cut off in a tag", whole[..whole.len() - 5].to_owned(), "statement_xml_refused why=truncated line=4"),
        ("another end", with("</BookgDt>", "</Bookg>"), "statement_xml_refused why=malformed line=3"),
        ("another encoding", whole.replace("UTF-8", "GBK"), "statement_encoding_broken line=1"),
        ("another message", whole.replace("BkToCstmrStmt", "BkToCstmrAcctRpt"), "statement_unreadable why=no_statement line=4"),
        ("a page of the bank's", "<html><body>Please sign in</body></html>".to_owned(), "statement_unreadable why=no_statement line=1"),
        ("no XML", "date,amount\n".to_owned(), "statement_unreadable why=no_statement line=1"),
        ("nothing", String::new(), "statement_unreadable why=no_statement line=1"),
        ("no amount", with("<Amt Ccy=\"EUR\">12.30</Amt>", ""), "statement_value_malformed column=amount line=3"),
        ("an amount that is none", with("12.30", "12,30"), "statement_value_malformed column=amount line=3"),
        ("an amount with a sign", with("12.30", "-12.30"), "statement_value_malformed column=amount line=3"),
        ("no direction", with("<CdtDbtInd>CRDT</CdtDbtInd>", ""), "statement_value_malformed column=amount line=3"),
        ("another direction", with("CRDT", "BOTH"), "statement_value_malformed column=amount line=3"),
        ("no currency", with(" Ccy=\"EUR\"", ""), "statement_value_malformed column=currency line=3"),
        ("a day that is none", with("2026-11-23", "2026-11-31"), "statement_value_malformed column=date line=3"),
        ("no day", with("<BookgDt><Dt>2026-11-23</Dt></BookgDt>", ""), "statement_value_malformed column=date line=3"),
        ("details, and no amount of their entry", with("</Ntry>", "<NtryDtls><TxDtls><Amt Ccy=\"EUR\">1.00</Amt></TxDtls></NtryDtls></Ntry>").replacen("<Amt Ccy=\"EUR\">12.30</Amt>", "", 1), "statement_value_malformed column=amount line=3"),
        ("two details and one amount", with("</Ntry>", "<NtryDtls><TxDtls/><TxDtls/></NtryDtls></Ntry>"), "statement_value_malformed column=amount line=3"),
    ];
    for (case, file, verdict) in table {
        assert_eq!(told(camt(file.as_bytes())), verdict, "{case}");
    }
    let half_a_letter = statement(ENTRY).replace("2026-11-23", "\u{0}").into_bytes();
    let broken: Vec<u8> = half_a_letter.iter().map(|byte| if *byte == 0 { 0xe6 } else { *byte }).collect();
    assert_eq!(told(camt(&broken)), "statement_encoding_broken line=3");
}

#[test]
fn an_account_statement_is_read_line_by_line() {
    let card = "<CardTx><Card><PlainCardData><PAN>4761739001010119</PAN></PlainCardData></Card>\
                <POI><Id><Id>TERM0001</Id></Id></POI><Tx><Indv><SaleRcncltnId>3</SaleRcncltnId>\
                <SaleRefNb>O-17</SaleRefNb><SeqNb>000017</SeqNb><TxId><TxDtTm>2026-11-22T17:00:00</TxDtTm>\
                <TxRef>432600000017</TxRef></TxId></Indv></Tx></CardTx>";
    let details = format!(
        "<Ntry><NtryRef>N1</NtryRef><Amt Ccy=\"CNY\">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>\
         <BookgDt><DtTm>2026-11-23T03:00:00+08:00</DtTm></BookgDt>\n\
         <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>MCRD</Cd><SubFmlyCd>POSC</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls>\n\
         <TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy=\"CNY\">12.30</Amt>{card}</TxDtls>\n\
         <TxDtls><Refs><Prtry><Tp>RRN</Tp><Ref>432600000018</Ref></Prtry></Refs>\
         <AmtDtls><TxAmt><Amt Ccy=\"CNY\">17.70</Amt></TxAmt></AmtDtls></TxDtls></NtryDtls></Ntry>\n"
    );
    let others = "<Ntry><Amt Ccy=\"CNY\">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>BOOK</Sts>\
                  <BookgDt><Dt>2026-11-23</Dt></BookgDt></Ntry>\
                  <Ntry><Amt Ccy=\"CNY\">2.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts></Ntry>\
                  <Ntry><Amt Ccy=\"CNY\">0.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-23</Dt>\
                  </BookgDt><BkTxCd><Domn><Fmly><SubFmlyCd>FEES</SubFmlyCd></Fmly></Domn></BkTxCd></Ntry>\n";
    let file = statement(&format!("{details}{others}"));
    let read = camt(file.as_bytes()).unwrap();
    let day = |day| Day::new(2026, 11, day).unwrap();
    let brief: Vec<_> =
        read.iter().map(|line| (line.number, line.date, line.is_booking_date, line.amount_minor, line.kind)).collect();
    let sale = Some(LineKind::Sale);
    assert_eq!(
        brief,
        [
            (5, day(22), false, 1_230, sale),
            (6, day(23), true, 1_770, sale),
            (7, day(23), true, -100, Some(LineKind::Void)),
            (7, day(23), true, -50, Some(LineKind::Fee)),
        ]
    );
    let first = serde_json::to_value(&read[0]).unwrap();
    assert_eq!((&first["rrn"], &first["stan"]), (&"432600000017".into(), &17.into()));
    assert_eq!((&first["batch"], &first["order"]), (&3.into(), &"O-17".into()));
    assert_eq!((&first["terminal"], &first["card_masked"]), (&"TERM0001".into(), &"476173******0119".into()));
    assert_eq!(read[1].rrn.as_ref().map(ToString::to_string).as_deref(), Some("432600000018"));
    // Prefixes, other versions and the other message are the same.
    for (from, to) in [("053.001.08", "053.001.02"), ("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn"), ("Stmt>", "Ntfctn>")] {
        let other = file.replace(from, to).replace("BkToCstmrNtfctn", "BkToCstmrStmt");
        assert_eq!(camt(other.as_bytes()).unwrap(), read, "{to}");
    }
    let prefixed = file.replace("</", "</c:").replace('<', "<c:").replace("<c:/c:", "</c:").replace("<c:?", "<?");
    assert_eq!(camt(prefixed.replace("xmlns=", "xmlns:c=").as_bytes()).unwrap(), read);
}

/// What the bank booked, as credit or debit, of details that say otherwise; the lines, each with its kind, and the rest.
#[test]
fn what_an_entry_was_booked_at_is_compared_with_its_details() {
    let net = |amount: &str| format!("<TxDtls><Amt Ccy=\"CNY\">{amount}</Amt></TxDtls>");
    let gross = |amount: &str, more: &str| {
        format!("<TxDtls><AmtDtls><TxAmt><Amt Ccy=\"CNY\">{amount}</Amt></TxAmt></AmtDtls>{more}</TxDtls>")
    };
    let charges = |amount: &str| format!("<Chrgs><TtlChrgsAndTaxAmt Ccy=\"CNY\">{amount}</TtlChrgsAndTaxAmt></Chrgs>");
    let with_charges = |more: &str, amount: &str| format!("{}<NtryDtls>{more}</NtryDtls>", charges(amount));
    let back = "<CdtDbtInd>DBIT</CdtDbtInd>";
    let of_terminal = |name: &str| format!("<CardTx><POI><Id><Id>{name}</Id></Id></POI></CardTx>");
    let transfer = "<BkTxCd><Domn><Fmly><Cd>RCDT</Cd></Fmly></Domn></BkTxCd>";
    #[rustfmt::skip]
    let table: Vec<(&str, &str, &str, String, &str)> = vec![
        ("they add up", "CRDT", "30.00", [net("12.30"), gross("17.70", "")].concat(), "1230 1770"),
        ("less than the payment", "CRDT", "90.00", gross("100.00", ""), "10000 rest -1000"),
        ("more than the payments", "CRDT", "50.00", [net("30.00"), net("10.00")].concat(), "3000 1000 rest 1000"),
        ("less by the charges of a payment", "CRDT", "90.00", gross("100.00", &charges("10.00")), "10000 fee -1000"),
        ("less by the charges of two", "CRDT", "197.00", [gross("100.00", &charges("1.00")), gross("100.00", &charges("2.00"))].concat(), "10000 10000 fee -300"),
        ("less by the charges of the entry", "CRDT", "197.00", with_charges(&[net("100.00"), net("100.00")].concat(), "3.00"), "10000 10000 fee -300"),
        ("less by those of the payment and of the entry", "CRDT", "96.00", with_charges(&gross("100.00", &charges("1.00")), "3.00"), "10000 fee -400"),
        ("less by more than the charges", "CRDT", "80.00", gross("100.00", &charges("10.00")), "10000 rest -2000"),
        ("net of the charges", "CRDT", "90.00", net("90.00").replace("</TxDtls>", &format!("{}</TxDtls>", charges("10.00"))), "9000"),
        ("more by the charges", "CRDT", "110.00", gross("100.00", &charges("10.00")), "10000 rest 1000"),
        ("given back, and the charges", "DBIT", "102.00", gross("100.00", &charges("2.00")), "-10000 fee -200"),
        ("one of them the other way", "CRDT", "70.00", [net("100.00"), net("30.00").replace("</Amt>", &format!("</Amt>{back}"))].concat(), "10000 -3000"),
        ("one without an amount beside one with", "CRDT", "10.00", ["<TxDtls/>".to_owned(), net("10.00")].concat(), "1000 1000 rest -1000"),
        ("of another currency", "CRDT", "90.00", gross("100.00", "").replace("CNY", "EUR"), "10000"),
        ("a payout", "CRDT", "90.00", format!("{transfer}<NtryDtls>{}</NtryDtls>", net("100.00")), "payout 10000"),
        ("another terminal's", "CRDT", "90.00", gross("100.00", &of_terminal("T-2")), "10000@T-2 rest -1000@T-2"),
        ("of two terminals", "CRDT", "90.00", [gross("50.00", &of_terminal("T-1")), gross("50.00", &of_terminal("T-2"))].concat(), "5000@T-1 5000@T-2 rest -1000"),
    ];
    for (case, direction, booked, details, verdict) in table {
        let details = if details.contains("<NtryDtls>") { details } else { format!("<NtryDtls>{details}</NtryDtls>") };
        let file = statement(&format!(
            "<Ntry><Amt Ccy=\"CNY\">{booked}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts>BOOK</Sts>\
             <BookgDt><Dt>2026-11-23</Dt></BookgDt>{details}</Ntry>"
        ));
        let lines = camt(file.as_bytes()).unwrap();
        let words = lines.iter().map(|line| {
            let kind = line.kind.map_or(String::new(), |kind| format!("{} ", kind.word()));
            let terminal = line.terminal.as_ref().map_or(String::new(), |name| format!("@{name}"));
            format!("{kind}{}{terminal}", line.amount_minor)
        });
        assert_eq!(words.collect::<Vec<_>>().join(" "), verdict, "{case}");
        assert!(lines.iter().all(|line| line.date == Day::new(2026, 11, 23).unwrap()), "{case}");
    }
}

/// Two gigabytes of one letter, and how many were taken.
struct Endless {
    head: &'static [u8],
    taken: u64,
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if !self.head.is_empty() {
            return self.head.read(into);
        }
        let left = (2_u64 << 30) - self.taken;
        let count = into.len().min(usize::try_from(left).unwrap());
        into[..count].fill(b'9');
        self.taken += count as u64;
        Ok(count)
    }
}

#[test]
fn a_line_of_two_gigabytes_is_refused_after_its_first_kilobytes() {
    let mut endless = Endless { head: b"date,amount,currency\n2026-11-22,", taken: 0 };
    let refused = told(CsvLines::new(BufReader::new(&mut endless), ColumnMap::default()).next_line());
    assert_eq!(refused, "statement_line_too_long bytes_max=65536 line=2");
    assert!(endless.taken < 4 * LINE_BYTES_MAX as u64, "{} bytes were taken", endless.taken);

    let mut endless = Endless { head: b"<Document><BkToCstmrStmt><Stmt><Ntry><Amt Ccy=\"CNY\">", taken: 0 };
    let refused = told(CamtLines::new(BufReader::new(&mut endless)).next_line());
    assert_eq!(refused, "statement_line_too_long bytes_max=65536 line=1");
    assert!(endless.taken < 4 * LINE_BYTES_MAX as u64, "{} bytes were taken", endless.taken);
}
