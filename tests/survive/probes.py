#!/usr/bin/python3
# probes.py - counts resolverd's probes (protocol 12) of the network namespace it runs in, as they leave and as answers come: on
# SIGUSR1 a line of what was counted since the last one. Or is a far peer that answers each probe late.
# usage: probes.py count | probes.py answer MS
import heapq, os, select, signal, socket, struct, sys, time

PORT, ANSWER = 4177, 1
WINDOW = 0.198  # resolverd's clock counts whole ms
TIMESTAMPNS = 35  # SO_TIMESTAMPNS: when it left, however late it is read here


def count():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    s.setsockopt(socket.SOL_SOCKET, TIMESTAMPNS, 1)
    s.setblocking(False)
    r, w = os.pipe()
    os.set_blocking(w, False)
    signal.set_wakeup_fd(w)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    print("counts", flush=True)
    began, sent, answers = time.monotonic(), {}, 0
    while True:
        ready = select.select([s, r], [], [])[0]
        while s in ready:
            try:
                packet, more, _, (_, protocol, kind, _, _) = s.recvmsg(256, 64)
            except BlockingIOError:
                break
            # IPv6 without extensions, UDP, a probe
            if protocol != 0x86DD or packet[6] != 17 or struct.unpack("!H", packet[42:44])[0] != PORT or packet[48:55] != b"probe-1":
                continue
            flags = struct.unpack("!I", packet[72:76])[0]
            if kind == socket.PACKET_OUTGOING and not flags & ANSWER:
                sent.setdefault(packet[8:40], []).append(struct.unpack("qq", more[0][2])[0] + struct.unpack("qq", more[0][2])[1] / 1e9)
            elif kind == socket.PACKET_HOST and flags & ANSWER:
                answers += 1
        if r in ready:
            os.read(r, 1)
            now, most = time.monotonic(), 0
            for times in sent.values():
                first = 0
                for i, t in enumerate(times):
                    while t - times[first] > WINDOW:
                        first += 1
                    most = max(most, i - first + 1)
            print(f"mark ms={int((now - began) * 1000)} probes={sum(map(len, sent.values()))} answers={answers} pairs={len(sent)} most={most}", flush=True)
            began, sent, answers = now, {}, 0


def answer(ms):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("::", PORT))
    print("answers", flush=True)
    late = []
    while True:
        wait = max(0, late[0][0] - time.monotonic()) if late else None
        if select.select([s], [], [], wait)[0]:
            probe, peer = s.recvfrom(256)
            heapq.heappush(late, (time.monotonic() + ms / 1000, probe[:24] + struct.pack("!I", ANSWER) + bytes(36), peer))
        while late and late[0][0] <= time.monotonic():
            _, reply, peer = heapq.heappop(late)
            s.sendto(reply, peer)


if sys.argv[1] == "count":
    count()
else:
    answer(float(sys.argv[2]))
