// What is asked of the bridge, and its answer. It knows no page.

/** A refusal in the bridge's words. */
export class Refused extends Error {}

export class Bridge {
  #headers;

  /** @param {Record<string, string>} headers that let us in */
  constructor(headers) {
    this.#headers = headers;
  }

  /** Read what there is at a path. */
  get(path) {
    return this.#ask("GET", path);
  }

  /** Have a job paused, resumed, cancelled or retried; a job's status now, or the new job. */
  steer(jobId, verb) {
    return this.#ask("POST", `/api/flash/job/${encodeURIComponent(jobId)}/${verb}`);
  }

  /** Give a job another priority; the job as it is then. */
  async rank(jobId, priority) {
    const path = `/api/flash/job/${encodeURIComponent(jobId)}`;
    return (await this.#ask("PATCH", path, { priority })).job;
  }

  /** Let a device take jobs again. */
  release({ deviceId, hubId }) {
    const at = new URLSearchParams({ hubId });
    return this.#ask("POST", `/api/devices/${encodeURIComponent(deviceId)}/release?${at}`);
  }

  async #ask(method, path, body) {
    const headers = { ...this.#headers };
    if (body) headers["Content-Type"] = "application/json";
    const request = { method, headers, body: body && JSON.stringify(body) };
    let reply;
    try {
      reply = await fetch(path, request);
    } catch {
      throw new Refused("The bridge cannot be reached.");
    }
    const answer = await reply.json();
    if (!reply.ok) throw new Refused([answer.error, answer.hint].filter(Boolean).join(" "));
    return answer;
  }
}
