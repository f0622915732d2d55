//! Money given back: asked for by one, approved by another, who proves who it is: `cargo run --example refund`.

use std::error::Error;
use std::sync::{Arc, Mutex, mpsc};

use taptill::error::{Error as Failure, ErrorCode};
use taptill::ids::{OperatorName, RefundId, Role};
use taptill::money::{Amount, Currency};
use taptill::payment::{RefundOf, RefundRequest, SaleOrder, refund::state::RefundState};
use taptill::ports::{NoFaults, Notice, Observer};
use taptill::secret::SecretBytes;
use taptill::terminal::Terminal;
use taptill::till::NewOperator;
use taptill_sandbox::host::{Host, Options, Script, provision};
use taptill_sandbox::{card, desktop::desktop_ports};

/// Passes on that the reader's field is on.
struct Field(Mutex<mpsc::Sender<()>>);

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
    let (sender, field_is_on) = mpsc::channel();
    let ports =
        desktop_ports(&device, Arc::new(Field(Mutex::new(sender))), Arc::new(NoFaults)).map_err(Failure::from)?;
    Terminal::provision(&till_home, &provisioning, &ports)?;
    let terminal = Terminal::open(&till_home, ports)?;
    // Alice answers for the shop; bob sells, and may ask for money to be given back.
    let [alice, bob] = ["alice", "bob"].map(|name| OperatorName::new(name).expect("it is a name"));
    let [alices, bobs] = ["correct horse battery 9", "tall ships sail at 7 bells"]
        .map(|password| move || SecretBytes::new(password.as_bytes().to_vec()));
    terminal.claim(&alice, alices())?;
    let of_bob = NewOperator { name: bob.clone(), role: Role::Cashier, password: bobs(), is_temporary: false };
    terminal.add_operator(of_bob)?;
    terminal.sign_in(&bob, bobs(), None)?;
    let amount = |yuan| Amount::parse_charge(yuan, Currency::CNY);
    let sale = terminal.start_sale(SaleOrder { attempt: None, amount: amount("12.30")?, order: None })?;
    field_is_on.recv()?;
    terminal.present(card::named("visa").expect("it is the default card").tap())?;
    let (of, refund) = (sale.wait()?.attempt, Some(RefundId::new("back-1")?));
    let request = RefundRequest { refund, of: RefundOf::Attempt(of.clone()), amount: amount("2.30")? };
    let refund = terminal.request_refund(&request)?.refund;
    assert_eq!(terminal.approve_refund(&refund).map_err(|refused| refused.code()), Err(ErrorCode::NotPermitted));
    let done = terminal.approve_refund_as(&refund, &alice, alices())?;
    assert_eq!((done.state, terminal.status(&of)?.refunded_minor), (RefundState::Acknowledged, 230));
    println!("12.30 sold, 2.30 asked back by bob and given back by alice's word");
    Ok(terminal.close()?)
}
