// The jobs as the messages tell them. It knows no socket and no page.

const MAX_ENDED = 100;
const ENDED = new Set(["completed", "failed", "cancelled"]);
const TOLD = new Set(["flash_started", "flash_paused", "flash_resumed", "flash_completed", "flash_failed"]);
// Of several partitions a job is at, the messages tell which in the stage alone.
const AT = /^\w+ (\S+) partition$/;

export class Jobs {
  /** @type {Map<string, object>} by jobId, the oldest first */
  all = new Map();

  /** Fold a message in; return the job it changed, or nothing. */
  fold(message) {
    const { type, jobId } = message;
    if (type === "flash_queued" || type === "flash_started") {
      const status = type === "flash_queued" ? "queued" : "running";
      const fresh = { progress: 0, transferSpeed: 0, estimatedTimeRemaining: 0, stage: "Queued" };
      this.all.set(jobId, { ...fresh, ...message, status, startedAt: message.timestamp });
    }
    const job = this.all.get(jobId);
    if (!job) return undefined;
    job.old = false;
    job.phase = message.phase ?? job.phase;
    if (TOLD.has(type)) Object.assign(job, { requested: undefined, answer: undefined });
    if (type === "flash_progress") {
      const { progress, stage, bytesTransferred, totalBytes } = message;
      const { transferSpeed, estimatedTimeRemaining } = message;
      Object.assign(job, { progress, stage, bytesTransferred, totalBytes });
      job.partition = AT.exec(stage)?.[1] ?? job.partition;
      Object.assign(job, { transferSpeed, estimatedTimeRemaining });
    } else if (type === "flash_paused") {
      Object.assign(job, { status: "paused", held: job.phase === "queued" });
    } else if (type === "flash_resumed") {
      Object.assign(job, { status: job.phase === "queued" ? "queued" : "running", held: false });
    } else if (type === "flash_completed") this.#end(job, "completed", {});
    else if (type === "flash_failed") {
      this.#end(job, message.code === "cancelled" ? "cancelled" : "failed", message);
    }
    return job;
  }

  /** Take REST's word on a job whose end was missed. */
  settle(job, record) {
    if (ENDED.has(record.status)) this.#end(job, record.status, record);
    job.old = false;
  }

  /** Take REST's word on an active job: what no message tells. Return the job, if it is known. */
  learn(record) {
    const job = this.all.get(record.jobId);
    if (!job || ENDED.has(job.status)) return undefined;
    const { position, priority, notBefore, phase, stage, status, requested, expected } = record;
    Object.assign(job, { position, priority, notBefore, expected });
    if (status === job.status) Object.assign(job, { requested });
    if (phase === "queued") Object.assign(job, { stage });
    return job;
  }

  /** Note what the bridge answered: what was asked of a job, or why not. Return the job. */
  note(jobId, facts) {
    const job = this.all.get(jobId);
    return job && Object.assign(job, facts);
  }

  /** Has a device jobs here of which REST has more to tell? */
  isOpen(hubId, deviceId) {
    return [...this.all.values()].some(
      (job) =>
        job.hubId === hubId &&
        job.deviceId === deviceId &&
        (job.status === "queued" || job.status === "paused" || job.requested),
    );
  }

  /** The connection is gone: what runs is old news until it is told again. Return those jobs. */
  age() {
    const running = [...this.all.values()].filter((job) => !ENDED.has(job.status));
    for (const job of running) job.old = true;
    return running;
  }

  /** Jobs that were not told again. */
  get old() {
    return [...this.all.values()].filter((job) => job.old);
  }

  /** Forget the jobs that have ended; return their ids. */
  clear() {
    const ended = [...this.all.values()].filter((job) => ENDED.has(job.status));
    for (const job of ended) this.all.delete(job.jobId);
    return ended.map((job) => job.jobId);
  }

  /** How many jobs there are of each status. */
  count() {
    const counts = {};
    for (const { status } of this.all.values()) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  #end(job, status, { error, hint }) {
    const stage = { completed: "Completed", failed: "Failed", cancelled: "Cancelled" }[status];
    Object.assign(job, { status, stage, error, hint, held: false, requested: undefined });
    if (status === "completed") job.progress = 100;
    const ended = [...this.all.values()].filter((each) => ENDED.has(each.status));
    for (const each of ended.slice(0, -MAX_ENDED)) this.all.delete(each.jobId);
  }
}
