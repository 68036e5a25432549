/** Live subscriptions and durable consumers of a fanq hub, in browsers and in Node. */

/**
 * Connects to a hub, and stays connected: when the connection breaks it is made again, after 0.1 s to 10 s, and
 * everything goes on where it was. What is asked for meanwhile waits.
 *
 * @param address The hub's, as `http://…` or `ws://…`; in a browser also relative to the page.
 */
export function connect(address: string | URL, options?: ConnectOptions): Hub;

export interface ConnectOptions {
  /** Who the client is, as the hub is told. */
  token?: string;
  /** The account whose queues and topics are meant; the hub's default if absent. */
  account?: string;
  /** Their region; the hub's own if absent. */
  region?: string;
  /** For so many seconds after a lost connection the hub keeps the leases: 0 to 300, 30 if absent. */
  resumeWindow?: number;
  /** Is told what becomes of the connection. */
  onState?: (change: StateChange) => void;
  /** The class of sockets, where there is no global one (Node before version 22) or another is wanted. */
  WebSocket?: new (address: string, protocols: string[]) => unknown;
}

export type StateChange =
  | { state: "connecting"; /** Counted from the last good connection; 0 for the first of all. */ attempt: number }
  | {
      state: "connected";
      /** Whether leases were kept. */ resumed: boolean;
      server?: { name: string; version: string };
    }
  | { state: "draining"; reason?: string; reconnectAfterMs: number }
  | { state: "disconnected"; /** Of the close. */ code: number; reason: string; retryInMs: number }
  | { state: "closed"; /** Why, unless it was closed on purpose. */ error?: HubError };

/** A hub, by one connection after the other. */
export interface Hub {
  readonly state: StateChange["state"];
  /** Resolves with the first connection; rejects if there will never be one. */
  readonly opened: Promise<void>;
  /** Resolves when it is closed, with the reason unless it was closed on purpose. */
  readonly closed: Promise<HubError | undefined>;

  /** Shows what is published to topics from now on, or from earlier; names may have `*` for a run of characters. */
  subscribe(topics: string | string[], options?: SubscribeOptions): Subscription;

  /** Receives messages of a queue, by its name, URL or ARN. */
  consume(queue: string, options?: ConsumeOptions): Consumer;

  /**
   * Publishes a message; what is no string travels as JSON. Resolves when it is durable. A connection that breaks
   * before the answer does not lose it: it is published again with the next one, and accepted once unless the hub
   * has forgotten the session.
   */
  publish(topic: string, message: unknown, options?: PublishOptions): Promise<Accepted>;

  /** Sends a message to a queue, with the same promises. */
  send(queue: string, body: unknown, options?: SendOptions): Promise<Accepted>;

  /** Gives back what is not acknowledged, waits a moment for answers, and closes. */
  close(options?: CloseOptions): Promise<void>;
}

export interface CloseOptions {
  /** Seconds that handlers have for what they work on; 0 if absent. */
  drain?: number;
}

/** An attribute of a message as AWS has it. */
export interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

/** Plain values become attributes of the types String, Number, and String.Array. */
export type Attributes = Record<string, string | number | bigint | unknown[] | MessageAttribute>;

export interface PublishOptions {
  subject?: string;
  attributes?: Attributes;
  /** For FIFO topics. */
  groupId?: string;
  /** For FIFO topics. */
  dedupId?: string;
  /** `"json"` for a message that is different for each protocol. */
  structure?: string;
  /** The trace that it belongs to. */
  traceparent?: string;
}

export interface SendOptions {
  attributes?: Attributes;
  /** Seconds until it can be received. */
  delay?: number;
  groupId?: string;
  /** For FIFO queues. */
  dedupId?: string;
}

export interface Accepted {
  messageId: string;
  /** In FIFO topics and queues. */
  sequenceNumber?: string;
}

/** What consumers and live subscriptions have in common. Leaving the loop over one closes it. */
export interface Channel<Item> extends AsyncIterable<Item> {
  /** Resolves when the hub has agreed; rejects with the reason why not, which the loop is told too. */
  readonly ready: Promise<void>;
}

export interface SubscribeOptions {
  /** A filter policy: only events that match. */
  filter?: Record<string, unknown>;
  filterScope?: "MessageAttributes" | "MessageBody";
  /** Where to begin; `"now"` if absent. */
  since?: "now" | { last: number } | Place | { time: number | string };
  /** Events that may wait, at the hub and again here: 1000 if absent. */
  buffer?: number;
  /** What becomes of one too many; `"dropOldest"` if absent. */
  overflow?: "dropOldest" | "dropNewest" | "close";
  /** Events per second at most; the others are counted in gaps. */
  maxRate?: number;
  /** A JSON pointer into the message: of events with the same value there the last one is enough. */
  conflateBy?: string;
  /** Closes it. */
  signal?: AbortSignal;
}

/** Where a live subscription is. */
export interface Place {
  offset: number;
  epoch: string;
}

/** Events of topics, while they happen. */
export interface Subscription extends Channel<LiveItem> {
  /** Hands over one item after the other; ends when the subscription does. */
  each(handler: (item: LiveItem) => unknown): Promise<void>;
  close(): Promise<void>;
}

export type LiveItem = LiveEvent | Gap | Live;

/** Something that was published. */
export interface LiveEvent extends Place {
  type: "event";
  /** The name of the topic. */
  topic: string;
  messageId: string;
  message: string;
  subject?: string;
  attributes: Record<string, MessageAttribute>;
  /** When it was published, as ISO 8601 has it. */
  time: string;
  /** Whether it is from before the subscription began or went on. */
  replay: boolean;
  sequenceNumber?: string;
  groupId?: string;
  /** The message, read as JSON. */
  json(): any;
}

/** Events that this subscription was not shown. */
export interface Gap {
  type: "gap";
  dropped: number;
  from: number;
  to: number;
  /** Too slow a reader; events that were too old when they were asked for; or `maxRate` and `conflateBy`. */
  why: "overflow" | "retention" | "sampled";
  topic?: string;
  epoch?: string;
}

/** What there was from before is told; from here on it is live. */
export interface Live extends Place {
  type: "live";
  /** Whether nothing is missing behind the place that was asked for. */
  recovered: boolean;
}

export interface ConsumeOptions {
  /** Messages that may be here and not settled, at most: 1 to 1000, 16 if absent. */
  credit?: number;
  /** Bytes of these. */
  maxBytes?: number;
  /** Seconds of a lease; that of the queue if absent. */
  lease?: number;
  /** Whether the hub renews leases while the connection lives; true if absent. */
  autoExtend?: boolean;
  /** Seconds for which it does so at most, 12 hours if absent. */
  maxLease?: number;
  /** `"auto"`: messages are deleted when they are sent, so each comes at most once. */
  ackMode?: "explicit" | "auto";
  /** Seconds between two reports of how the queue stands. */
  stats?: number;
  /** Is given these. */
  onStats?: (stats: QueueStats) => void;
  /** Closes the consumer. */
  signal?: AbortSignal;
}

export interface QueueStats {
  ready: number;
  inflight: number;
  /** Seconds. */
  oldestAge: number;
}

/** Messages of a queue, each leased until it is settled. */
export interface Consumer extends Channel<Message> {
  /**
   * Hands messages over, as many at once as the credit allows, those of a group of a FIFO queue one after the other. A
   * message is acknowledged when the handler is through with it; if that fails, it is given back with the rest of its
   * group. Resolves when the consumer is closed and the last handler is through. If `onError` or `delay` throws, the
   * message is given back too, the consumer is closed, and this rejects with the error.
   */
  each(handler: (message: Message) => unknown, options?: EachOptions): Promise<void>;
  /** Changes how many messages may be here and not settled; with 0 no more come. */
  setCredit(credit: number): Promise<void>;
  /** Gives back what nobody has taken, at once, and after `drain` seconds also what is being worked on. */
  close(options?: CloseOptions): Promise<void>;
}

export interface EachOptions {
  /** Seconds until a message whose handler failed comes again; 1 if absent. */
  delay?: number | ((message: Message, error: unknown) => number);
  /** Is told why a handler failed; `console.error` if absent. */
  onError?: (error: unknown, message: Message) => void;
}

/** A message that is leased to this client. What is not awaited of the promises below still happens. */
export interface Message {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Record<string, MessageAttribute>;
  /** What the queue says of it: `SentTimestamp`, `ApproximateReceiveCount` and so on. */
  readonly system: Record<string, string>;
  /** The name of its queue; of a priority queue that of the member. */
  readonly queue: string;
  /** Of this delivery, for the actions of SQS. */
  readonly receiptHandle: string;
  /** Whether it was delivered before. */
  readonly redelivered: boolean;
  readonly receiveCount: number;
  readonly sentAt: Date;
  readonly groupId?: string;
  /** In FIFO queues. */
  readonly sequenceNumber?: string;
  /** Whether it was acknowledged, given back or lost. */
  readonly isSettled: boolean;
  /**
   * Is aborted when the lease is lost: somebody else may have the message now, so the work should stop. The reason is a
   * `HubError` with the code `LeaseLost`.
   */
  readonly signal: AbortSignal;

  /** The body, read as JSON. */
  json(): any;
  /** It is done. Resolves when the queue has deleted it. */
  ack(): Promise<void>;
  /** It is not done, and may be received again. */
  nack(options?: NackOptions): Promise<void>;
  /** As `nack`, with those of its FIFO group that came behind it; so none overtakes it. */
  nackGroup(options?: Pick<NackOptions, "delay" | "reason">): Promise<void>;
  /** The lease ends in so many seconds from now. */
  extend(seconds: number): Promise<void>;
}

export interface NackOptions {
  /** Seconds until it can be received again, rounded up; 0 if absent, 43,200 at most. */
  delay?: number;
  /** For the hub's log. */
  reason?: string;
  /** To the dead-letter queue at once. */
  deadLetter?: boolean;
}

/**
 * What goes wrong. `code` is the hub's, as in its HTTP API, or one of this client's own: `Closed`, `Disconnected`,
 * `Refused`, `LeaseLost`, `Settled`, `Overflow`, `TooLarge`, `TooMany`, `NotAuthenticated`, `Forbidden`.
 */
export class HubError extends Error {
  private constructor();
  readonly code: string;
  /** Whether it may go better when it is tried again. */
  readonly retryable: boolean;
  /** Of a lost lease: `expired`, `deleted`, `purged`, `moved`, `session`, `nacked` or `closed`. */
  readonly why?: string;
}
