"""life.py - a mapd that is killed and started again, and what must be so in each of its lives: for kill.py and owed.py."""
import os
import select
import signal
import subprocess


class Wrong(Exception):
    pass


def judged(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise Wrong("%s: %s" % (command[0], done.stdout.decode()[-1000:]))


class Mapd:
    """One life after the other of a mapd."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.process = None

    def start(self, grace=None):
        """Waits until it serves; with grace, a number of seconds, kills it then if it does not yet."""
        heard, told = os.pipe()
        with open(self.folder + "/mapd.log", "ab") as log:
            self.process = subprocess.Popen([self.build + "/mapd/mapd", "-c", self.folder + "/mapd.yaml", "--ready-fd", str(told)],
                                            pass_fds=[told], stderr=log)
        os.close(told)
        ready = select.select([heard], [], [], 60 if grace is None else grace)[0]
        serves = bool(ready) and os.read(heard, 1) != b""
        os.close(heard)
        if not serves and grace is None:
            raise Wrong("mapd does not start again")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def claims(self, *zones):
        """What the database of a killed one has of the names that hosts registered, which has to fit the zones: owner ->
        until, until for the KEY, locators, keys."""
        done = subprocess.run([self.build + "/tests/fault/update/claims", self.folder + "/db", *zones], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            raise Wrong("claims: %s" % done.stderr.decode()[-1000:])
        return {words[0]: tuple(int(w) for w in words[1:]) for words in map(str.split, done.stdout.decode().splitlines())}

    def mapctl(self, *words, lines=None):
        return subprocess.run([self.build + "/mapctl/mapctl", "-s", self.folder + "/control", *words], check=True,
                              input=lines, stdout=subprocess.PIPE).stdout.decode()

    def zone(self, *words):
        return self.mapctl("zone", *words)

    def journal_leads(self, name, zone, at, serial):
        """The journal makes of the zone at a serial the one that is served; its records, and the number of differences."""
        journal = "" if at == serial else self.zone("journal", name, str(at))
        gone, come, differences = set(), set(), 0
        for line in journal.splitlines():
            if line[0] == ";":
                first, last = line.split()[2], line.split()[4].rstrip(",")
                if int(first) != at:
                    raise Wrong("journal: from %s, not %d" % (first, at))
                if not gone <= zone or come & (zone - gone):
                    raise Wrong("journal: at %d it takes what is not there, or adds what is" % at)
                zone, at, gone, come, differences = zone - gone | come, int(last), set(), set(), differences + 1
            else:
                (gone if line[0] == "-" else come).add(line[2:])
        zone = zone - gone | come
        if at != serial:
            raise Wrong("journal: to %d, not %d" % (at, serial))
        if zone != set(self.zone("dump", name).splitlines()):
            raise Wrong("journal: it makes another zone")
        return zone, differences
