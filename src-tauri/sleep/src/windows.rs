//! Suspend and resume, as `PowerRegisterSuspendResumeNotification` describes them.

use std::ffi::c_void;
use std::io;
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Power::{DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS, PowerRegisterSuspendResumeNotification};
use windows_sys::Win32::System::WindowsProgramming::QueryUnbiasedInterruptTime;
use windows_sys::Win32::UI::WindowsAndMessaging::{DEVICE_NOTIFY_CALLBACK, PBT_APMRESUMEAUTOMATIC, PBT_APMSUSPEND};

use crate::Listener;

pub(crate) fn tell<L: Listener>(listener: L) -> io::Result<()> {
    let listener: &'static L = Box::leak(Box::new(listener));
    let recipient: &'static mut _ = Box::leak(Box::new(DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS {
        Callback: Some(heard::<L>),
        Context: ptr::from_ref(listener).cast_mut().cast(),
    }));
    let mut registration = ptr::null_mut();
    // SAFETY: the recipient and its context, an `L` as `heard::<L>` takes it for, are never freed; the place to write to
    // outlives the call.
    let refused = unsafe {
        PowerRegisterSuspendResumeNotification(
            DEVICE_NOTIFY_CALLBACK,
            ptr::from_mut(recipient).cast(),
            &raw mut registration,
        )
    };
    if refused == ERROR_SUCCESS { Ok(()) } else { Err(io::Error::from_raw_os_error(refused.cast_signed())) }
}

unsafe extern "system" fn heard<L: Listener>(context: *const c_void, event: u32, _: *const c_void) -> u32 {
    // SAFETY: this is the context of the registration, which is only ever lent.
    let listener = unsafe { &*context.cast::<L>() };
    match event {
        PBT_APMSUSPEND => listener.falls_asleep(),
        // Comes at every resume; that it was for a person is said later, and not always.
        PBT_APMRESUMEAUTOMATIC => listener.woke(),
        _ => {}
    }
    ERROR_SUCCESS
}

/// A moment on the clock of unbiased interrupt time.
#[derive(Clone, Copy, Debug)]
pub struct Awake(Duration);

impl Awake {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        let mut hundreds_of_nanoseconds = 0;
        // SAFETY: the place to write to outlives the call, which has no other condition and fails for want of one alone.
        unsafe { QueryUnbiasedInterruptTime(&raw mut hundreds_of_nanoseconds) };
        Self(Duration::from_micros(hundreds_of_nanoseconds / 10))
    }

    /// The time since then that the machine was awake.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}
