// The connection: messages in order, kept alive, tried again for ever. It knows no job.

const LADDER = [0.5, 1, 2, 3, 5, 8, 13]; // seconds until the next try
const PING = '{"type":"ping"}';
const WISH = '{"type":"subscribe","changes":true}'; // of hubs and devices, too
const PING_EVERY = 20_000; // ms
const SILENCE = 45_000; // ms after which the connection counts as dead
const NO_TOKEN = 1008;

/**
 * Follow a bridge.
 * @param {string} url of the WebSocket
 * @param {{message: (message: object) => void, state: (state: object) => void}} told
 *   `state` gets {open: true}, or {open: false, retryIn, refused}.
 */
export function follow(url, told) {
  let failures = 0;

  function connect() {
    const socket = new WebSocket(url);
    let heard = Date.now();
    let isOpen = false;
    const timer = setInterval(() => {
      if (Date.now() - heard > SILENCE) socket.close();
      else if (socket.readyState === WebSocket.OPEN) socket.send(PING);
    }, PING_EVERY);

    // A bridge accepts before it refuses a token: open is what was answered.
    socket.onopen = () => {
      socket.send(WISH);
      socket.send(PING);
    };
    socket.onmessage = (event) => {
      heard = Date.now();
      if (!isOpen) {
        isOpen = true;
        failures = 0;
        told.state({ open: true });
      }
      told.message(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      clearInterval(timer);
      const step = LADDER[Math.min(failures, LADDER.length - 1)];
      failures += 1;
      const retryIn = step * (0.75 + Math.random() / 2);
      told.state({ open: false, retryIn, refused: event.code === NO_TOKEN });
      setTimeout(connect, retryIn * 1000);
    };
  }

  connect();
}
