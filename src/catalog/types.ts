/**
 * The shape of the catalogue: what is known of every event before any capture is read.
 *
 * One row an event; recorder, decoder, `explain`, docs and tests all read it. Holds no layouts: sizes and
 * offsets of structs come from BTF.
 */

/** A calling convention. `ia32` is 32-bit code on an x86_64 kernel. */
export type Abi = "x86_64" | "ia32" | "arm64";

/** The call through which several events share one number on ia32. */
export type Mux = "ipc" | "socketcall";

/** The family decides the command-line group: posix-mq, sysv-msg, socket-msg. */
export type Family = "posix-mq" | "sysv-msg" | "socket-msg";

/**
 * - `K`: the kernel gives it meaning by value
 * - `U`: points to user memory
 * - `TOCTOU`: that memory is read by the kernel after a tracer could read it
 * - `OPT`: may be null
 */
export type Tag = "K" | "U" | "TOCTOU" | "OPT";

export type Direction = "in" | "out" | "inout";

/**
 * A C type as the native (64-bit) prototype spells it. It decides sign, width and the JSON kind in every ABI:
 * `size_t` and `long` are decimal strings also when an ia32 call passed 32 bits.
 */
export type ScalarType = "int" | "unsigned int" | "mqd_t" | "umode_t" | "key_t" | "size_t" | "long";

/** The struct's name in BTF, by ABI. */
export interface StructNames {
  readonly native: string;
  readonly compat: string;
}

/** How a scalar is written in text: a named set of flags or values from `flags.ts`. */
export type Notation =
  | "decimal"
  | "fd"
  | "oflag"
  | "mode"
  | "key"
  | "msgflg_get"
  | "msgflg"
  | "msgctl_cmd"
  | "msg_flags";

/** What a pointer argument leads to. */
export type Pointee =
  | { readonly kind: "bytes"; readonly length: { readonly arg: number } | "ret" }
  /** System V msgbuf: a `long` mtype, then mtext of the length given (msgsz at entry, the result at exit). */
  | { readonly kind: "msgbuf"; readonly length: { readonly arg: number } | "ret" }
  | { readonly kind: "string" }
  | { readonly kind: "number"; readonly type: "unsigned int" }
  | { readonly kind: "struct"; readonly struct: StructNames }
  | { readonly kind: "msghdr" }
  | { readonly kind: "mmsghdr"; readonly count: { readonly arg: number } }
  /** msgctl's buf: which struct, if any, depends on cmd. */
  | { readonly kind: "msgctl" };

export interface Argument {
  readonly name: string;
  /** As in the kernel's native prototype, without `__user`: `const char *`. */
  readonly cType: string;
  readonly tags: readonly Tag[];
  readonly direction: Direction;
  readonly value:
    | { readonly kind: "scalar"; readonly type: ScalarType; readonly notation: Notation }
    | { readonly kind: "pointer"; readonly to: Pointee };
  /** What the tags cannot say; `explain` prints it. */
  readonly note?: string;
}

/**
 * `(args[arg] & mask) === value`, on the low 32 bits (unsigned). With `low`, also: the lowest five bits of the
 * argument are one of these values (0..31), so that one step can hold for several commands.
 */
export interface Condition {
  readonly arg: number;
  readonly mask: number;
  readonly value: number;
  readonly low?: readonly number[];
}

/** Where an argument-like number comes from: an argument, or the result. */
export type Operand = { readonly arg: number } | "ret";

/**
 * One thing that the kernel programs keep of a call. `only` limits a step to some layouts: `native`, `compat`
 * (ia32 by its own number or socketcall), `compat_ipc` (ia32 through ipc); without it all.
 *
 * A null pointer gives no evidence. Lengths "ret" of a call that failed give none either: of a msghdr step with
 * `received` the headers and iovec arrays remain.
 */
export type Step = {
  readonly when?: Condition;
  readonly onSuccess?: true;
  readonly only?: readonly Variant[];
} & (
  | { readonly take: "string"; readonly arg: number }
  | { readonly take: "bytes"; readonly arg: number; readonly length: Operand; readonly prefix?: "long" }
  /** `reads`: the fields that the kernel takes as input; all when it is absent. */
  | {
      readonly take: "struct";
      readonly arg: number;
      readonly struct: StructNames;
      readonly reads?: readonly string[];
    }
  /** A fixed number of bytes that is no struct: `unsigned int *msg_prio`. */
  | { readonly take: "fixed"; readonly arg: number; readonly bytes: number }
  | { readonly take: "cookie"; readonly arg: number }
  | {
      readonly take: "msghdr";
      readonly arg: number;
      readonly payload: boolean;
      /** Output of a receive: data bounded by the result. */
      readonly received: boolean;
    }
  | {
      readonly take: "mmsghdr";
      readonly arg: number;
      readonly count: Operand;
      readonly payload: boolean;
      readonly received: boolean;
    }
  | { readonly take: "mqd" | "msqid" | "socket"; readonly from: Operand }
  /** Keeps nothing: the key_t by which the queue filter can decide before the id is known. */
  | { readonly take: "key"; readonly arg: number }
);

export type Variant = "native" | "compat" | "compat_ipc";

/**
 * What can be known of a queue and no longer be true when it is relied upon. `messages`: there are some to take.
 * `room`: there is some for another. `presence`, `absence`: the name or the id leads to a queue, or to none.
 */
export type Facet = "messages" | "room" | "presence" | "absence";

/**
 * A part that a call plays in check-then-act: it tells its caller of a queue (`checks`), it does something that such
 * knowledge was for (`relies`), or it makes others' knowledge untrue (`changes`). docs/toctou.md has the rules.
 */
export interface Access {
  readonly when?: Condition;
  /** Only when this argument is not 0. */
  readonly given?: number;
  /** Results with which it holds: success, or this error. An act needs none. */
  readonly on: "any" | "success" | "ENOENT";
  readonly checks?: readonly Facet[];
  readonly relies?: readonly Facet[];
  readonly changes?: readonly Facet[];
  /** Tells of all queues of the event's kind, and names none. */
  readonly every?: true;
}

/**
 * What a call does with messages; `payload`, `room` and the like are places of arguments. `flows` follows messages by
 * it; src/replay/flows/selection.ts has the rules of selection.
 */
export type MessageRole =
  | { readonly does: "send"; readonly payload: number; readonly priority?: number }
  | {
      readonly does: "receive";
      readonly payload: number;
      /** The room for the payload, in bytes. Sockets: in the msghdr. */
      readonly room?: number;
      readonly priority?: number;
      /** System V: which message is asked for. */
      readonly select?: { readonly type: number; readonly flags: number };
      /** Sockets: recvmsg's flags. */
      readonly flags?: number;
      /** An input that is read before any message is taken: EFAULT may come of it. */
      readonly input?: number;
    }
  /** Throws away what is in the queue. */
  | { readonly does: "remove"; readonly when: Condition };

/** What a call does to a queue as a whole; numbers are places of arguments, `creates` and `exclusive` bits of the flags. */
export type Lifecycle =
  | {
      readonly does: "open";
      readonly flags: number;
      readonly creates: number;
      readonly exclusive: number;
      readonly mode: number;
      /** System V: with the key 0 (IPC_PRIVATE) it always creates. */
      readonly key?: number;
    }
  | { readonly does: "unlink"; readonly name: number }
  | { readonly does: "remove"; readonly when: Condition }
  | { readonly does: "set"; readonly when: Condition; readonly buffer: number }
  /** Tells the queue's state. */
  | { readonly does: "stat"; readonly when: Condition; readonly buffer: number }
  /** Registers for a notification, or takes the registration away where its event is null. */
  | { readonly does: "notify"; readonly event: number };

/**
 * Which operand of `ipc` each argument is: 0 call, 1 first, 2 second, 3 third, 4 ptr, 5 fifth. A call that takes
 * fifth finds ptr and fifth as a pair in user memory at ptr when call >> 16 is 0.
 */
export interface MuxCall {
  readonly mux: Mux;
  readonly call: number;
  /** ipc: the operand of each argument. socketcall: the index in the args array. */
  readonly from: readonly number[];
}

/**
 * A statement of an event's page. One without `untested` is executed on the live kernel under its id by
 * test/live/facts-*.test.ts; events that share code share the statement.
 */
export interface Fact {
  readonly id: string;
  readonly says: string;
  /** Why no test executes it. */
  readonly untested?: string;
}

/** An error of an event, and what it means for the queue. Executed like a fact unless `untested` says why not. */
export interface ErrorRow {
  readonly errno: string;
  /** What user space gets in its place, where that is another. */
  readonly seenAs?: string;
  readonly means: string;
  /** What became of the message, and what can be said of the queue. */
  readonly queue: string;
  /** Whether a message is gone that nobody has; never when absent. */
  readonly loses?: "always" | "sometimes";
  readonly untested?: string;
}

/** A function of the kernel plane that a call passes through, and when. */
export interface Passage {
  readonly function: string;
  readonly when: string;
}

/** What `explain` says of an event beside its row. */
export interface Page {
  /** Read as one paragraph. */
  readonly description: readonly Fact[];
  readonly useCase: string;
  readonly result: Fact;
  readonly behaviour: readonly Fact[];
  readonly pitfalls: readonly Fact[];
  readonly kernel: readonly Passage[];
  /** The event that is the same call with the other width of time. */
  readonly twin?: string;
}

export interface EventRow {
  /** In captures and kernel programs; never reused. 1..31. */
  readonly id: number;
  /** The syscall's name: `mq_timedsend`. */
  readonly name: string;
  readonly family: Family;
  /** Hot on any host: recorded only when asked for by name or group. */
  readonly onRequest: boolean;
  readonly numbers: Readonly<Partial<Record<Abi, number>>>;
  /** x32's number without its bit, where it is not x86_64's: such calls are counted, not decoded. */
  readonly x32?: number;
  readonly muxes: readonly MuxCall[];
  readonly args: readonly Argument[];
  /** What a result that is no error means. */
  readonly returns: "zero" | "fd" | "id" | "bytes" | "count" | "msgctl";
  readonly entry: readonly Step[];
  readonly exit: readonly Step[];
  /** The argument that names the queue, and how. mq_open and msgget name it by their result. */
  readonly queue: { readonly kind: "posix" | "sysv" | "socket"; readonly by: Operand } | null;
  /** Its parts in check-then-act; none for sockets, whose queues have no state that calls could ask for. */
  readonly access: readonly Access[];
  /** What it does with messages; absent: nothing. */
  readonly message?: MessageRole;
  /** Asks for a notification: the argument with the struct sigevent, whose null takes the registration away. */
  readonly notify?: { readonly sevp: number };
  /** What it does to queues as a whole; absent: nothing. */
  readonly lifecycle?: readonly Lifecycle[];
  /** errno names that this call gives, with what each means here. */
  readonly errors: readonly ErrorRow[];
  readonly related: readonly string[];
  readonly summary: string;
  readonly page: Page;
}
