//! Notices of the root power domain, as `IORegisterForSystemPower` describes them.

use std::ffi::c_void;
use std::io;
use std::mem;
use std::ptr;
use std::sync::OnceLock;

use dispatch2::DispatchQueue;
use objc2_io_kit::{
    IOAllowPowerChange, IONotificationPort, IORegisterForSystemPower, io_connect_t, io_object_t, io_service_t,
    kIOMessageCanSystemSleep as CAN_SLEEP, kIOMessageSystemHasPoweredOn as HAS_POWERED_ON,
    kIOMessageSystemWillSleep as WILL_SLEEP,
};

use crate::Listener;

struct Registration<L> {
    listener: L,
    /// Where notices are acknowledged.
    domain: OnceLock<io_connect_t>,
}

pub(crate) fn tell<L: Listener>(listener: L) -> io::Result<()> {
    let registration: &'static _ = Box::leak(Box::new(Registration { listener, domain: OnceLock::new() }));
    let (mut port, mut notifier): (_, io_object_t) = (ptr::null_mut(), 0);
    let context = ptr::from_ref(registration).cast_mut().cast();
    // SAFETY: `context` points to a `Registration<L>` that is never freed, which is what `heard::<L>` takes it for; the two
    // places to write to outlive the call.
    let domain = unsafe { IORegisterForSystemPower(context, &raw mut port, Some(heard::<L>), &raw mut notifier) };
    if domain == 0 || port.is_null() {
        return Err(io::Error::other("the root power domain takes no registration"));
    }
    // No notice comes before there is a queue for it.
    registration.domain.get_or_init(|| domain);
    let queue = DispatchQueue::new("lamplighter.sleep", None);
    // SAFETY: `port` was made by the registration, belongs to nobody else and is never destroyed.
    unsafe { IONotificationPort::set_dispatch_queue(port, Some(&queue)) };
    mem::forget(queue);
    Ok(())
}

unsafe extern "C-unwind" fn heard<L: Listener>(
    context: *mut c_void,
    _: io_service_t,
    message: u32,
    notice: *mut c_void,
) {
    // SAFETY: this is the context of the registration, which is only ever lent.
    let registration = unsafe { &*context.cast::<Registration<L>>() };
    match message {
        WILL_SLEEP => registration.listener.falls_asleep(),
        // Whether it may, is for others to say.
        CAN_SLEEP => {}
        HAS_POWERED_ON => return registration.listener.woke(),
        _ => return,
    }
    if let Some(domain) = registration.domain.get() {
        // An acknowledgement that comes too late is ignored.
        IOAllowPowerChange(*domain, notice.addr().cast_signed());
    }
}
