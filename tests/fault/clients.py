#!/usr/bin/python3
# clients.py - 10,000 clients of resolverd at once, as root; one of another user among them; clients that never read, and that send
# frames which are not quite right. Run by clients.sh.
# usage: clients.py SOCKET CONTROL MAPCTL MAPDIG CONNECTOR PID CORPUS-OF-FRAMES [hostile]    the last of these alone
import json, os, random, select, socket, struct, subprocess, sys, time

SOCKET, CONTROL, MAPCTL, MAPDIG, CONNECTOR, PID, CORPUS = sys.argv[1:8]
COUNT, NOBODY = 10000, 65534
DEAF, HOSTILE = 256, 50000
RESULT, PING, PONG = 2, 5, 6
failed = False


def ok(what, holds, more=""):
    global failed
    failed |= not holds
    print("ok" if holds else "not ok", "clients:", what, more if not holds else "", flush=True)


def client():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(SOCKET)  # without a time limit: with one it fails where a queue is full for a moment
    s.settimeout(10)
    return s


def frame(kind, number, payload=b""):
    return struct.pack("!IBBHI", 8 + len(payload), 1, kind, 0, number) + payload


def read(s):
    """What comes until the end, or the first frame: (type, id, payload), or None."""
    data = b""
    while len(data) < 12 or len(data) < 4 + struct.unpack("!I", data[:4])[0]:
        try:
            more = s.recv(65536)
        except ConnectionResetError:
            return None
        if not more:
            return None
        data += more
    _, _, kind, _, number = struct.unpack("!IBBHI", data[:12])
    return kind, number, data[12:]


def is_over(s):
    try:
        return not s.recv(1)
    except ConnectionResetError:
        return True  # its frame was not read


def ping(s):
    s.sendall(frame(PING, 7, b"here"))
    return read(s) == (PONG, 7, b"here")


def status():
    out = subprocess.run([MAPCTL, "-s", CONTROL, "-j", "status"], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)


def other_user():
    """A client of another user, in a process of its own; whether it is answered."""
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            os._exit(0 if ping(client()) else 1)
        except OSError:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def memory():
    """KiB of resolverd's."""
    with open(f"/proc/{PID}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def all_gone():
    end = time.monotonic() + 5
    while (left := status())["clients"] > 0 and time.monotonic() < end:
        select.select([], [], [], 0.02)
    return left["clients"] == 0


def deaf_ones():
    """Each asks until nothing more is taken from it, and reads nothing. Who is read no more may have 64 KiB waiting for it."""
    before, pings = memory(), b"".join(frame(PING, i, b"x" * 64) for i in range(100))
    them, sent = [client() for _ in range(DEAF)], 0
    for s in them:
        s.setblocking(False)
    end = time.monotonic() + 20
    while (ready := select.select([], them, [], 1)[1]) and time.monotonic() < end:
        for s in ready:
            sent += s.send(pings)
    grown = memory() - before
    ok(f"from {DEAF} clients that never read nothing is read any more", not ready and sent > DEAF * 65536, sent)
    ok(f"they cost under 80 KiB each", grown < 80 * DEAF, f"{grown} KiB")
    ok("others are served meanwhile", ping(client()))
    for s in them:
        s.close()
    ok("all are gone", all_gone())


def hostile_ones():
    """Frames of each kind with octets that are not as they should be; who sends what is not one is closed, and comes again."""
    dice, good = random.Random(1), []
    for name in sorted(os.listdir(CORPUS)):
        with open(os.path.join(CORPUS, name), "rb") as file:
            data = file.read()
        if len(data) > 12 and len(data) == 4 + struct.unpack("!I", data[:4])[0]:
            good.append(data[12:])
    them, closed = [client() for _ in range(50)], 0
    for i in range(HOSTILE):
        payload = bytearray(dice.choice(good) if dice.random() < 0.9 else os.urandom(dice.randrange(300)))
        for _ in range(dice.randrange(4) if payload else 0):
            payload[dice.randrange(len(payload))] = dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))
        at = i % len(them)
        try:
            them[at].sendall(frame(dice.randrange(20), dice.randrange(8), bytes(payload[: dice.randrange(len(payload) + 1)] if dice.random() < 0.1 else payload)))
            while select.select([them[at]], [], [], 0)[0]:
                if not them[at].recv(65536):
                    raise ConnectionResetError
        except (ConnectionResetError, BrokenPipeError, TimeoutError):
            closed += 1
            them[at].close()
            them[at] = client()
    ok(f"of {HOSTILE} frames that are not quite right some end their connection, and it serves on", closed > 0 and ping(client()), closed)
    for s in them:
        s.close()
    ok("all are gone", all_gone())
    ok("and so is all that they asked it to watch", status().get("subscriptions", 0) == 0 and sum(status().get("sessions", {}).values()) == 0, status())


if sys.argv[8:]:
    hostile_ones()
    sys.exit(failed)
began = time.monotonic()
all_of_them = [client() for _ in range(COUNT)]
# who is refused has something to read, and its end, before the last that connected is accepted or refused
accepted, refused = [], []
for s in all_of_them:
    try:
        s.sendall(frame(PING, 7, b"here"))
    except OSError:
        pass  # closed already; why is there to be read
for s in all_of_them:
    (accepted if (got := read(s)) == (PONG, 7, b"here") else refused).append((s, got))
counters = status()
ok("of 10,000 some are served and the others not", accepted and refused and len(accepted) + len(refused) == COUNT, f"{len(accepted)} {len(refused)}")
ok("one user has no more than half of what there is room for", len(accepted) == 4096, len(accepted))
ok("who is refused is told why", all(got and got[:2] == (RESULT, 0) and b"as many clients as it takes" in got[2] for _, got in refused))
ok("and then it is over", all(is_over(s) for s, _ in refused))
ok("they are counted", counters["counters"]["client.refused"] == len(refused), counters["counters"])
ok("those that are served are listed", counters["clients"] == len(accepted), counters["clients"])
ok("another user is served", other_user() == 0)
for name, words in ("mapdig", [MAPDIG, "-s", SOCKET, "host.example.test"]), ("libmap", [CONNECTOR, "host.example.test", "7000"]):
    said = subprocess.run(words, env={"MAP_SOCKET": SOCKET}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    ok(f"{name} says it in words", "as many clients as it takes" in said, said)
# all at once, half of them with a frame that is not whole
for s, _ in accepted[::2]:
    s.sendall(frame(PING, 8, b"not")[:-1])
for s in all_of_them:
    s.close()
ok("all are gone", all_gone())
ok("and there is room again", ping(client()))
ok("in under 10 s", time.monotonic() - began < 10, time.monotonic() - began)
deaf_ones()
hostile_ones()
sys.exit(failed)
