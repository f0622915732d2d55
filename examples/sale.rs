//! A sale, a decline, and a payment whose answer is lost, seen to its end: `cargo run --example sale`.

use std::error::Error;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use taptill::money::{Amount, Currency};
use taptill::payment::state::State;
use taptill::payment::{AttemptView, SaleOrder};
use taptill::ports::{NoFaults, Notice, Observer};
use taptill::secret::SecretBytes;
use taptill::terminal::Terminal;
use taptill_sandbox::card;
use taptill_sandbox::desktop::desktop_ports;
use taptill_sandbox::host::{Host, Kind, Options, Script, provision, set_next};

/// Passes on that the reader's field is on: on a phone, the moment to wait for a card.
struct Field(Mutex<Sender<()>>);

impl Observer for Field {
    fn hear(&self, notice: &Notice) {
        if *notice == Notice::FieldOn {
            let _ = self.0.lock().expect("nobody panics while holding it").send(());
        }
    }
}

/// Fails when anything is not as it should be.
pub fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let [host_home, till_home, device] = ["host", "till", "device"].map(|name| folder.path().join(name));
    let host = Host::start(&host_home, Host::any_port(), &Script::honest())?;
    let provisioning = provision(&host_home, "unionpay", &host.address().to_string(), &Options::default())?;
    let (sender, field_is_on) = channel();
    let ports = desktop_ports(&device, Arc::new(Field(Mutex::new(sender))), Arc::new(NoFaults));
    let ports = ports.map_err(taptill::error::Error::from)?;
    Terminal::provision(&till_home, &provisioning, &ports)?;
    let terminal = Terminal::open(&till_home, ports)?;
    // A new till is nobody's until it is claimed; the recovery code is for paper.
    terminal.claim(&"alice".to_owned().try_into()?, SecretBytes::new(b"correct horse battery 9".to_vec()))?;
    let card = card::named("visa").expect("it is the default card");
    let sell = |yuan: &str| -> Result<AttemptView, Box<dyn Error>> {
        let amount = Amount::parse_charge(yuan, Currency::CNY)?;
        let operation = terminal.start_sale(SaleOrder { attempt: None, amount, order: None })?;
        field_is_on.recv()?;
        terminal.present(card.tap())?;
        Ok(operation.wait()?)
    };
    assert_eq!(sell("12.30")?.state, State::Approved);
    assert_eq!(sell("1000.51")?.state, State::Declined);
    set_next(&host_home, Kind::NoAnswer, 1)?;
    let lost = sell("8.80")?;
    assert!(matches!(lost.state, State::InDoubt | State::ReversalDue), "no answer is not a decline");
    terminal.resolve()?;
    assert_eq!(terminal.status(&lost.attempt)?.state, State::Reversed);
    terminal.sign_out()?;
    println!("12.30 approved, 1000.51 declined, 8.80 not known and then reversed");
    Ok(terminal.close()?)
}
