//! A captive portal, as `NetworkManager` tells of it: whoever has signed in there is let through, and nothing else about the
//! network changes.

use lamplighter_endurance::bus::SessionBus;
use lamplighter_endurance::product::Product;
use lamplighter_endurance::weather::network_manager::{Connectivity, NetworkManager};

use crate::waiting::Waiting;

const SAID: &str = "the internet came within reach";

#[tokio::test]
async fn a_portal_that_lets_the_person_through_ends_the_wait_for_the_next_try() {
    let bus = SessionBus::start().await;
    let manager = NetworkManager::start(&bus).await;
    let mut product = Product::new("file");
    product.set("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
    let waiting = Waiting::begin(product).await;
    for less in [Connectivity::None, Connectivity::Limited, Connectivity::Portal] {
        manager.finds(less).await;
    }
    waiting.servers.control("outage=none").await;
    manager.finds(Connectivity::Full).await;
    waiting.recovers_having_said(SAID, 1).await;
}

#[tokio::test]
async fn a_network_manager_that_starts_later_or_anew_is_heard_as_well() {
    let bus = SessionBus::start().await;
    let mut product = Product::new("file");
    product.set("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
    let waiting = Waiting::begin(product).await;
    waiting.servers.control("outage=none").await;
    for times in 1..=2 {
        let manager = NetworkManager::start(&bus).await;
        manager.finds(Connectivity::Full).await;
        waiting.until_said(SAID, times).await;
    }
    waiting.recovers_having_said(SAID, 2).await;
}
