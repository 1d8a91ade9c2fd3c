// What is wrong with hubs and devices: troubles as a banner, quarantines with the way out.

const key = ({ hubId, deviceId }) => `${hubId}/${deviceId}`;

export class Bench {
  #hubs = new Map();
  #devices = new Map();
  #banner;
  #box;

  /**
   * @param {HTMLElement} banner for the hubs
   * @param {HTMLElement} box with a list, for the devices
   * @param {(device: object) => void} release is asked for
   */
  constructor(banner, box, release) {
    this.#banner = banner;
    this.#box = box;
    box.addEventListener("click", ({ target }) => {
      const device = this.#devices.get(target.dataset.device);
      if (device) release(device);
    });
  }

  /** Take all there is, in the place of what was known. */
  take(hubs, devices) {
    this.#hubs = new Map(hubs.map((hub) => [hub.hubId, hub]));
    this.#devices = new Map();
    devices.forEach((device) => this.#keep(device));
    this.#show();
  }

  /** Take a `hub_changed` or a `device_changed`. */
  hear({ type, hubId, hub, deviceId, device }) {
    if (type === "hub_changed") {
      if (hub) this.#hubs.set(hubId, hub);
      else this.#hubs.delete(hubId);
    } else if (device) this.#keep(device);
    else this.#devices.delete(key({ hubId, deviceId }));
    this.#show();
  }

  #keep(device) {
    if (device.quarantine) this.#devices.set(key(device), device);
    else this.#devices.delete(key(device));
  }

  #show() {
    const troubles = [...this.#hubs.values()].flatMap((hub) => (hub.online ? told(hub) : []));
    fill(this.#banner, troubles, () => document.createElement("p"), put);
    this.#banner.hidden = troubles.length === 0;
    const devices = [...this.#devices.values()];
    fill(this.#box.querySelector("ul"), devices, line, (node, device) => {
      put(node.firstChild, why(device));
      node.lastChild.dataset.device = key(device);
      node.lastChild.setAttribute("aria-label", `Release ${device.deviceName}`);
    });
    this.#box.hidden = devices.length === 0;
  }
}

function told({ hubId, troubles = [] }) {
  return troubles.map(({ error, hint }) => [`${hubId}: ${error}`, hint].filter(Boolean).join(" "));
}

function why({ deviceName, deviceId, hubId, quarantine }) {
  const { faults, error } = quarantine;
  return `${deviceName} (${deviceId}, ${hubId}) takes no jobs: ${faults} broke in a row, the last: ${error}`;
}

function line() {
  const node = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Release";
  node.append(document.createElement("p"), button);
  return node;
}

function fill(box, items, make, patch) {
  while (box.children.length > items.length) box.lastChild.remove();
  items.forEach((item, number) => patch(box.children[number] ?? box.appendChild(make()), item));
}

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
