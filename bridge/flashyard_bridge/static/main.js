// The page: the feed's messages become jobs, the jobs cards, their number the first line.

import { follow as followBatches } from "/static/batches.js";
import { Bench } from "/static/bench.js";
import { Bridge, Refused } from "/static/bridge.js";
import { Cards } from "/static/cards.js";
import { follow } from "/static/feed.js";
import { Jobs } from "/static/jobs.js";
import { Records } from "/static/records.js";
import { follow as followOrders } from "/static/standing.js";
import { Steering } from "/static/steering.js";

const REPLAY = 2_000; // ms after a connection in which the bridge tells what runs
const ORDER = ["running", "queued", "paused", "failed", "cancelled", "completed"];

const at = (id) => document.getElementById(id);
// Behind the `#` it never leaves the browser but in the places meant for it.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const jobs = new Jobs();
const bridge = new Bridge(headers);
const steering = new Steering(bridge, jobs, answered, at("sure"));
const cards = new Cards(at("cards"), (act, jobId) => steering.want(act, jobId).catch(console.warn));
const bench = new Bench(at("troubles"), at("quarantine"), (device) => release(device));
const records = new Records(bridge, (record) => {
  const job = jobs.learn(record);
  if (job) cards.show(job);
});

function address() {
  const url = new URL("/ws/flash-progress", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (token) url.searchParams.set("token", token);
  return url.href;
}

function summarise() {
  const counts = jobs.count();
  const parts = ORDER.filter((status) => counts[status]).map((s) => `${counts[s]} ${s}`);
  const text = parts.join(" · ") || "No jobs";
  at("summary").textContent = text;
  document.title = `${text} – flashyard`;
  at("empty").hidden = parts.length > 0;
  at("clear").hidden = !(counts.completed || counts.failed || counts.cancelled);
}

function answered(job, words) {
  cards.show(job);
  if (words) at("news").textContent = `${job.deviceName || job.deviceId}: ${words}`;
  records.stale();
}

async function release(device) {
  const news = at("news");
  try {
    await bridge.release(device);
    news.textContent = `${device.deviceName} may take jobs again`;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    news.textContent = error.message;
  }
  await look();
}

/** Read what is wrong with hubs and devices; what changes is told from then on. */
async function look() {
  const [{ hubs }, { devices }] = await Promise.all([
    bridge.get("/api/hubs"),
    bridge.get("/api/devices"),
  ]);
  bench.take(hubs, devices);
}

function announce({ type, error }, job) {
  const name = job.deviceName || job.deviceId;
  if (type === "flash_paused") at("news").textContent = `${name} is ${job.held ? "on hold" : "paused"}`;
  if (type === "flash_resumed") at("news").textContent = `${name} goes on`;
  if (type === "flash_started") at("news").textContent = `${name} started`;
  if (type === "flash_completed") at("news").textContent = `${name} completed`;
  if (type === "flash_failed") at("news").textContent = `${name} ended: ${error}`;
}

/** Ask what became of the jobs that the bridge did not tell of again. */
async function catchUp() {
  for (const job of jobs.old) {
    try {
      const path = `/api/flash/job/${encodeURIComponent(job.jobId)}`;
      jobs.settle(job, (await bridge.get(path)).job);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    cards.show(job);
  }
  summarise();
}

follow(address(), {
  message(message) {
    if (message.type.endsWith("_changed")) {
      bench.hear(message);
      if (jobs.isOpen(message.hubId, message.deviceId)) records.stale();
    }
    const job = jobs.fold(message);
    if (!job) return;
    cards.show(job);
    cards.keep(jobs.all);
    announce(message, job);
    if (message.type !== "flash_progress") {
      summarise();
      records.stale();
    }
  },
  state({ open, retryIn, refused }) {
    const banner = at("banner");
    banner.hidden = open;
    if (open) {
      look().catch(console.warn);
      setTimeout(() => catchUp().catch(console.warn), REPLAY);
    } else {
      jobs.age().forEach((job) => cards.show(job));
      banner.textContent = refused
        ? "This bridge needs a token: add #token=… to this page's address and reload."
        : `Not connected. Next try in ${Math.ceil(retryIn)} s.`;
    }
    summarise();
  },
});

followOrders(at("standing"), headers);
followBatches(at("batches"), at("batch"), headers);

at("origin").textContent = location.origin;
at("clear").addEventListener("click", () => {
  jobs.clear();
  cards.keep(jobs.all);
  summarise();
});
