//! The control API's client: how command line and window speak to the running engine.
