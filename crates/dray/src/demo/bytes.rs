//! How many bytes a device fetched for each content, from its own reports.

use dray_client::SiteApi;
use dray_model::Name;
use dray_model::api::status::StatusView;
use dray_model::status::StatusEvent;

use super::report::Delivery;
use crate::error::Outcome;

/// The deliveries that a device reported, the oldest first.
pub(super) async fn deliveries(api: &SiteApi, device: &Name) -> Outcome<Vec<Delivery>> {
    let mut messages: Vec<StatusView> = api.status(Some(device), None).all().await?;
    messages.sort_by_key(|view| view.message.number);
    Ok(messages.into_iter().filter_map(|view| delivery(view.message.event)).collect())
}

fn delivery(event: StatusEvent) -> Option<Delivery> {
    let StatusEvent::Delivered { sources, reused_bytes, duration_ms, .. } = event else { return None };
    let mut delivery = Delivery { reused_bytes, duration_ms, ..Delivery::default() };
    for source in sources {
        delivery.fetched_bytes += source.bytes;
        *delivery.sources.entry(source.source).or_default() += source.bytes;
    }
    Some(delivery)
}
