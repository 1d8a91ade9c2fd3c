// One card a job, patched in place once per animation frame. Text is only ever set as text.

const template = document.getElementById("card");

export class Cards {
  #box;
  #nodes = new Map();
  #changed = new Map();

  constructor(box) {
    this.#box = box;
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
    node.dataset.status = job.status;
    node.dataset.old = String(Boolean(job.old));
    const put = (name, text) => (node.querySelector(name).textContent = text);
    put(".device", job.deviceName || job.deviceId);
    put(".place", [job.deviceId, job.hubId, job.partition].filter(Boolean).join(" · "));
    put(".stage", job.status === "paused" ? `Paused: ${job.stage}` : job.stage);
    put(".numbers", numbers(job));
    const bar = node.querySelector("progress");
    bar.value = job.progress;
    bar.setAttribute("aria-label", `Progress of ${job.deviceName || job.deviceId}`);
    bar.setAttribute("aria-valuetext", `${Math.floor(job.progress)} percent`);
    const error = node.querySelector(".error");
    error.hidden = !job.error;
    error.textContent = [job.error, job.hint].filter(Boolean).join(" ");
  }
}

function numbers(job) {
  if (job.status === "queued") return `Place ${job.position} in the queue`;
  const parts = [`${job.progress.toFixed(1)} %`, size(job.totalBytes)];
  if (job.status === "running" && job.transferSpeed > 0) parts.push(`${size(job.transferSpeed)}/s`);
  if (job.status === "running" && job.estimatedTimeRemaining > 0) {
    parts.push(`about ${time(job.estimatedTimeRemaining)} left`);
  }
  return parts.join(" · ");
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
