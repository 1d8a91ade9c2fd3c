// The standing orders, asked for now and then: one line each, and none where there are none.

const EVERY = 5_000; // ms

/**
 * Keep a list of them.
 * @param {HTMLElement} box hidden while there is nothing to show
 * @param {Record<string, string>} headers that let us in
 */
export function follow(box, headers) {
  async function look() {
    if (!document.hidden) {
      const reply = await fetch("/api/standing-orders", { headers });
      if (reply.ok) show(box, (await reply.json()).standingOrders);
    }
  }
  const again = () => look().catch(console.warn);
  again();
  setInterval(again, EVERY);
}

function show(box, orders) {
  box.hidden = orders.length === 0;
  const list = box.querySelector("ul");
  while (list.children.length > orders.length) list.lastChild.remove();
  orders.forEach((order, number) => {
    const line = list.children[number] ?? list.appendChild(document.createElement("li"));
    const text = words(order);
    if (line.textContent !== text) line.textContent = text;
    line.dataset.state = order.enabled ? "on" : gaveUp(order) ? "failed" : "off";
  });
}

// One that stopped because it is done is no trouble.
function gaveUp({ stoppedBecause, failuresInRow, stopAfterFailures }) {
  return Boolean(stoppedBecause) && failuresInRow >= stopAfterFailures;
}

function words(order) {
  const { name, id, enabled, flashed, failed, maxDevices, stoppedBecause } = order;
  const done = maxDevices ? `${flashed} of ${maxDevices} flashed` : `${flashed} flashed`;
  const state = enabled ? "on" : stoppedBecause ? "stopped" : "off";
  return [name || id, state, done, `${failed} failed`, stoppedBecause].filter(Boolean).join(" · ");
}
