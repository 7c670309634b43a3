#!/usr/bin/python3
"""pack.py - many small inputs of a fuzz target in one file, each behind two octets of length: corpus/NAME/found.
usage: pack.py pack DIRECTORY FILE      of the same inputs the same file
       pack.py unpack FILE DIRECTORY"""
import hashlib
import os
import struct
import sys


def pack(directory, path):
    inputs = set()
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as f:
            data = f.read()
        if len(data) <= 4096:
            inputs.add(data)
    with open(path, "wb") as out:
        for data in sorted(inputs, key=lambda d: (len(d), d)):
            out.write(struct.pack("!H", len(data)) + data)


def unpack(path, directory):
    with open(path, "rb") as f:
        data = f.read()
    while data:
        (n,) = struct.unpack("!H", data[:2])
        with open(os.path.join(directory, hashlib.sha1(data[2:2 + n]).hexdigest()), "wb") as out:
            out.write(data[2:2 + n])
        data = data[2 + n:]


{"pack": pack, "unpack": unpack}[sys.argv[1]](sys.argv[2], sys.argv[3])
