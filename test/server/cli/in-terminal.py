"""Runs a command at a terminal of its own: what it shows goes to standard output, what it is to be sent comes
from standard input, a JSON list a line: [text to wait for, text to type then]. Ends with the command's code."""

import codecs
import json
import os
import pty
import select
import struct
import sys
import fcntl
import termios

steps = [json.loads(line) for line in sys.stdin if line.strip()]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))

decoder = codecs.getincrementaldecoder("utf-8")("replace")
unread = ""
while True:
    while steps and steps[0][0] in unread:
        wanted, typed = steps.pop(0)
        unread = unread[unread.index(wanted) + len(wanted) :]
        os.write(terminal, typed.encode())
    select.select([terminal], [], [])
    try:
        data = os.read(terminal, 65536)
    except OSError:  # how Linux says that the other side is closed
        data = b""
    if not data:
        break
    text = decoder.decode(data)
    sys.stdout.write(text)
    sys.stdout.flush()
    unread += text

_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) if not os.WIFSIGNALED(status) else 1)
