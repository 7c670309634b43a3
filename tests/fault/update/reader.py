#!/usr/bin/python3
"""reader.py - reads a database beside mapd, as a backup does, until it is killed; says "reads" when it does.
usage: reader.py DIRECTORY"""
import ctypes
import signal
import sys

RDONLY = 0x20000
lmdb = ctypes.CDLL("liblmdb.so.0")
env, txn = ctypes.c_void_p(), ctypes.c_void_p()
for rc in (lmdb.mdb_env_create(ctypes.byref(env)), lmdb.mdb_env_set_maxdbs(env, 32),
           lmdb.mdb_env_open(env, sys.argv[1].encode(), RDONLY, 0o600), lmdb.mdb_txn_begin(env, None, RDONLY, ctypes.byref(txn))):
    if rc:
        sys.exit("reader: error %d of LMDB" % rc)
print("reads", flush=True)
signal.pause()
