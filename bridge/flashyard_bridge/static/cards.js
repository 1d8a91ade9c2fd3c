// One card a job, patched in place once per animation frame. Text is only ever set as text.

import { asked, patch as patchActs, waits } from "/static/acts.js";

const ENDED = new Set(["completed", "failed", "cancelled"]);

const template = document.getElementById("card");

export class Cards {
  #box;
  #nodes = new Map();
  #changed = new Map();

  /**
   * @param {HTMLElement} box
   * @param {(act: string, jobId: string) => void} wanted is told which button was pressed
   */
  constructor(box, wanted) {
    this.#box = box;
    box.addEventListener("click", ({ target }) => {
      const { act } = target.dataset;
      if (act && target.ariaDisabled !== "true") wanted(act, target.closest("article").dataset.job);
    });
  }

  /** Show a job as it is at the next frame. */
  show(job) {
    if (this.#changed.size === 0) requestAnimationFrame(() => this.#paint());
    this.#changed.set(job.jobId, job);
  }

  /** Remove the cards that are not among these jobs. */
  keep(jobs) {
    for (const [id, node] of this.#nodes) {
      if (jobs.has(id)) continue;
      node.remove();
      this.#nodes.delete(id);
      this.#changed.delete(id);
    }
  }

  #paint() {
    for (const job of this.#changed.values()) this.#patch(this.#node(job), job);
    this.#changed.clear();
  }

  #node(job) {
    let node = this.#nodes.get(job.jobId);
    if (!node) {
      node = template.content.firstElementChild.cloneNode(true);
      this.#nodes.set(job.jobId, node);
      this.#box.prepend(node); // where it stays: progress never moves a card
    }
    return node;
  }

  #patch(node, job) {
    node.dataset.job = job.jobId;
    node.dataset.status = job.status;
    node.dataset.old = String(Boolean(job.old));
    const name = job.deviceName || job.deviceId;
    const put = (place, text) => {
      const at = node.querySelector(place);
      if (at.textContent !== text) at.textContent = text;
      return at;
    };
    put(".device", name);
    put(".place", [job.deviceId, job.hubId, job.partition].filter(Boolean).join(" · "));
    put(".stage", stage(job));
    put(".numbers", numbers(job));
    const bar = node.querySelector("progress");
    bar.value = job.progress;
    bar.setAttribute("aria-label", `Progress of ${name}`);
    bar.setAttribute("aria-valuetext", `${Math.floor(job.progress)} percent`);
    for (const [place, text] of [
      [".waits", waits(job) ? reason(job) : ""],
      [".error", [job.error, job.hint].filter(Boolean).join(" ")],
      [".answer", job.answer ?? ""],
    ]) {
      put(place, text).hidden = !text;
    }
    node.querySelector(".acts").setAttribute("aria-label", `What to do with ${name}`);
    patchActs(node, job);
  }
}

function stage(job) {
  if (asked(job)) return asked(job);
  if (job.held) return "On hold";
  if (job.status === "queued") return "Queued";
  if (job.status !== "paused" || job.stage === "Paused") return job.stage;
  return `Paused: ${job.stage}`;
}

function reason({ notBefore, stage, held }) {
  if (notBefore > Date.now()) return `Not before ${new Date(notBefore).toLocaleString()}`;
  return held || stage === "Queued" ? "" : stage;
}

function numbers(job) {
  if (waits(job)) {
    const place = job.position ? `Place ${job.position} in the queue` : "";
    const rank = job.priority === undefined ? "" : `priority ${job.priority}`;
    return [place, rank, size(job.totalBytes), usual(job)].filter(Boolean).join(" · ");
  }
  const parts = [`${job.progress.toFixed(1)} %`, size(job.totalBytes)];
  if (job.status === "running" && job.transferSpeed > 0) parts.push(`${size(job.transferSpeed)}/s`);
  if (job.status === "running" && job.estimatedTimeRemaining > 0) {
    parts.push(`about ${time(job.estimatedTimeRemaining)} left`);
  }
  if (!ENDED.has(job.status)) parts.push(usual(job));
  return parts.filter(Boolean).join(" · ");
}

/** What such a job took before: `usually 1:20`. */
function usual({ expected }) {
  if (!expected) return "";
  const seconds = Math.round(expected.durationMs / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const parts = hours ? [hours, two(minutes)] : [minutes];
  return `usually ${[...parts, two(seconds % 60)].join(":")}`;
}

function two(number) {
  return String(number).padStart(2, "0");
}

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let rank = 0;
  let value = bytes;
  while (value >= 1024 && rank < units.length - 1) {
    value /= 1024;
    rank += 1;
  }
  return `${rank === 0 ? value : value.toFixed(1)} ${units[rank]}`;
}

function time(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}
