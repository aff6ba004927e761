/**
 * native/msgtape.h as data: its functions and the structs that cross the boundary, in its order. A test asks the C
 * compiler whether the structs are still the same.
 */

/** The type of a field: a number, or an array of numbers or structs with its length. */
export type FieldType = "uint32_t" | "uint64_t" | readonly ["uint64_t" | "uint8_t" | StructFields, number];
export interface StructFields {
  readonly [field: string]: FieldType;
}

/** native/msgtape.h, in its order. Buffers go as void *: koffi passes their memory itself. */
export const SIGNATURES = {
  mt_open:
    "int mt_open(const char *path, const void *config, size_t config_len, uint32_t ring_bytes, _Out_ void **tape, void *message, size_t message_len)",
  mt_planes: "int mt_planes(void *tape, uint32_t ring_bytes)",
  mt_add_hook:
    "int mt_add_hook(void *tape, const char *path, const char *names, const void *config, size_t config_len)",
  mt_libc: "int mt_libc(void *tape, const char *path, const void *config, size_t config_len, int one_by_one)",
  mt_libc_functions:
    "int mt_libc_functions(void *tape, const char *path, const void *offsets, const void *functions, uint32_t count)",
  mt_attach: "int mt_attach(void *tape)",
  mt_error: "const char *mt_error(void *tape)",
  mt_track: "int mt_track(void *tape, uint32_t tgid)",
  mt_tracked: "int mt_tracked(void *tape, void *count)",
  mt_start: "int mt_start(void *tape, uint32_t batch_bytes, uint32_t batch_ms, uint32_t poll_ms)",
  mt_next_batch:
    "int mt_next_batch(void *tape, uint32_t timeout_ms, void *batch, void *records, size_t records_size, void *names, size_t names_size, void *planes, size_t planes_size, void *tasks, size_t tasks_max, void *queues, size_t queues_max)",
  mt_open_calls: "int mt_open_calls(void *tape, void *calls, size_t max)",
  mt_batch_open_calls: "int mt_batch_open_calls(void *tape, void *calls, size_t max)",
  mt_totals: "int mt_totals(void *tape, void *totals)",
  mt_fired_triggers: "int mt_fired_triggers(void *tape, void *triggers, size_t max)",
  mt_rearm_trigger: "int mt_rearm_trigger(void *tape, uint32_t index)",
  mt_stop: "int mt_stop(void *tape)",
  mt_interrupt: "void mt_interrupt(void *tape)",
  mt_close: "void mt_close(void *tape)",
  mt_command_prepare:
    "int mt_command_prepare(const char **argv, const char *user, int output, _Out_ void **command, void *message, size_t message_len)",
  mt_command_pid: "uint32_t mt_command_pid(void *command)",
  mt_command_release: "int mt_command_release(void *command, void *message, size_t message_len)",
  mt_command_poll: "int mt_command_poll(void *command, void *wait_status)",
  mt_command_signal: "int mt_command_signal(void *command, int signal)",
  mt_command_close: "void mt_command_close(void *command)",
  mt_holders_open:
    "int mt_holders_open(const char *path, const void *config, size_t config_len, _Out_ void **holders, void *message, size_t message_len)",
  mt_holders_read:
    "int mt_holders_read(void *holders, uint32_t limit_ms, void *queues, size_t queues_size, void *found)",
  mt_holders_close: "void mt_holders_close(void *holders)",
  mt_namespaces:
    "int mt_namespaces(const char *proc, uint32_t limit_ms, void *namespaces, size_t max, void *found)",
  mt_namespaces_look:
    "int mt_namespaces_look(const char *proc, const void *namespaces, uint32_t count, uint32_t limit_ms, void *queues, size_t queues_size, void *text, size_t text_size, void *found)",
  mt_keeper_start:
    "int mt_keeper_start(const char *path, void *holders, void *command, int directory, int output, const char *output_name, _Out_ void **keeper, void *message, size_t message_len)",
  mt_keeper_pid: "uint32_t mt_keeper_pid(void *keeper)",
  mt_keeper_held:
    "int mt_keeper_held(void *keeper, uint32_t limit_ms, void *queues, size_t queues_size, void *found)",
  mt_keeper_namespaces:
    "int mt_keeper_namespaces(void *keeper, uint32_t limit_ms, void *namespaces, size_t max, void *found)",
  mt_keeper_look:
    "int mt_keeper_look(void *keeper, const void *namespaces, uint32_t count, uint32_t limit_ms, void *queues, size_t queues_size, void *text, size_t text_size, void *found)",
  mt_keeper_facts:
    "int mt_keeper_facts(void *keeper, uint32_t tgid, uint64_t start_ticks, void *text, size_t text_size, void *lengths)",
  mt_keeper_signal: "int mt_keeper_signal(void *keeper, int signal)",
  mt_keeper_keep: "int mt_keeper_keep(void *keeper)",
  mt_keeper_discard: "int mt_keeper_discard(void *keeper)",
  mt_keeper_close: "void mt_keeper_close(void *keeper)",
  mt_keep_pace: "void mt_keep_pace(void *tape, void *keeper)",
  mt_user_find: "int mt_user_find(const char *user, void *ids, void *message, size_t message_len)",
  mt_writable_by: "int mt_writable_by(int directory, const char *user, void *message, size_t message_len)",
  mt_counts_as: "int mt_counts_as(void *tape, const char *user, void *message, size_t message_len)",
  mt_drop: "int mt_drop(const char *user, void *message, size_t message_len)",
  mt_reserve: "int mt_reserve(int fd, uint64_t offset, uint64_t length)",
  mt_probe: "int mt_probe(const char *name, void *message, size_t message_len)",
} as const;

const MAX_EVENTS = 32;
const MAX_GAPS = 64;
const MAX_CPU_LOSSES = 1024;

const GAP = {
  cpu: "uint32_t",
  plane: "uint32_t",
  from_ns: "uint64_t",
  to_ns: "uint64_t",
  lost: "uint64_t",
} as const;
const EVENT_COUNT = { entries: "uint32_t", exits: "uint32_t" } as const;
const CPU_LOSS = { cpu: "uint32_t", pad: "uint32_t", lost: "uint64_t" } as const;

export const STRUCTS = {
  mt_batch: {
    records_len: "uint64_t",
    names_len: "uint64_t",
    planes_len: "uint64_t",
    first_record: "uint64_t",
    records: "uint32_t",
    planes: "uint32_t",
    tasks: "uint32_t",
    queues: "uint32_t",
    gaps: "uint32_t",
    gaps_missed: "uint32_t",
    cpu_losses: "uint32_t",
    pad: "uint32_t",
    first_time_ns: "uint64_t",
    last_time_ns: "uint64_t",
    oldest_open_ns: "uint64_t",
    open_calls: "uint32_t",
    final: "uint32_t",
    counts: [EVENT_COUNT, MAX_EVENTS],
    gap: [GAP, MAX_GAPS],
    cpu_loss: [CPU_LOSS, MAX_CPU_LOSSES],
  },
  mt_task_key: { start_ns: "uint64_t", tid: "uint32_t", pad: "uint32_t" },
  mt_queue_key: { id: "uint64_t", generation: "uint64_t", namespace_inum: "uint32_t", kind: "uint32_t" },
  mt_open_call: { start_ns: "uint64_t", enter_ns: "uint64_t", tid: "uint32_t", event: "uint32_t" },
  mt_totals: {
    recorded: "uint64_t",
    lost_ring_full: "uint64_t",
    lost_no_scratch: "uint64_t",
    lost_recursion: "uint64_t",
    x32: "uint64_t",
    announce_failed: "uint64_t",
    no_task_state: "uint64_t",
    ring_used: "uint64_t",
    planes_lost: "uint64_t",
    planes_skipped: "uint64_t",
    recorded_entries: ["uint64_t", MAX_EVENTS],
    recorded_exits: ["uint64_t", MAX_EVENTS],
    lost_entries: ["uint64_t", MAX_EVENTS],
    lost_exits: ["uint64_t", MAX_EVENTS],
  },
  mt_fired_trigger: {
    time_ns: "uint64_t",
    task_start_ns: "uint64_t",
    call: "uint64_t",
    value: "uint64_t",
    met: "uint64_t",
    index: "uint32_t",
    tid: "uint32_t",
    tgid: "uint32_t",
    event: "uint32_t",
    exit: "uint32_t",
    pad: "uint32_t",
  },
  mt_found: {
    queues_len: "uint64_t",
    sysv_len: "uint64_t",
    limits_len: "uint64_t",
    sysv_at_ns: "uint64_t",
    device: "uint64_t",
    namespace_inum: "uint32_t",
    why_entered: "uint32_t",
    why_mqueue: "uint32_t",
    why_sysv: "uint32_t",
    cut: "uint32_t",
    refused: "uint32_t",
    why_refused: "uint32_t",
    pad: "uint32_t",
  },
  /** bpf/inventory.h */
  mt_found_queue: {
    at_ns: "uint64_t",
    inode: "uint64_t",
    generation: "uint64_t",
    qsize: "uint64_t",
    curmsgs: "uint64_t",
    maxmsg: "uint64_t",
    msgsize: "uint64_t",
    namespace_inum: "uint32_t",
    known: "uint32_t",
    tgid: "uint32_t",
    tid: "uint32_t",
    fd: "uint32_t",
    mode: "uint32_t",
    uid: "uint32_t",
    gid: "uint32_t",
    nlink: "uint32_t",
    notify: "uint32_t",
    signo: "uint32_t",
    notify_tgid: "uint32_t",
    waiting_senders: "uint32_t",
    waiting_receivers: "uint32_t",
    name_len: "uint32_t",
    pad: "uint32_t",
    name: ["uint8_t", 256],
  },
  mt_namespace: { namespace_inum: "uint32_t", pid: "uint32_t" },
} as const satisfies Readonly<Record<string, StructFields>>;
