"""Every private name of aiortc (and of aioice below it) that we use, and nothing else that is private.

aiortc is pinned, and `names.verify` looks for each name before the first session, so that another version is a clear
message and not a silent one. Seven things are done here that its public side cannot:

- Packets are taken before its jitter buffer (`receiving`), which holds 80 ms always and 200 ms more for good after one
  loss. RTCP and the receiver's statistics go on working.
- Sound that is missing is asked for again (`receiving`), as the library does for pictures alone, though its sender
  gives of both what it is asked for: in a house a packet is there again before its turn has come.
- Packets are taken where the socket is read (`receiving`), not by a task that is woken for each by a queue, and the
  ordinary ones are not looked at again by six layers: that is most of what a packet costs.
- Packets are sent without its sender loop (`sending`): header, SRTP and socket in one call, where the public way (a
  track that returns `av.Packet`) costs two task switches, an encoder that is never used and six objects for each
  packet. What went out can go again as it was, and numbers can be left out. The sender's counts are kept up, because
  its RTCP reports are made of them.
- Packets are sent from the thread that has made them (`sending`): to wake the loop for each costs more than to send it.
- What the other end has acknowledged is looked up, and what it has not is said again before the second is over for
  which the library waits (`saying`).
- A machine without any network can talk to itself (`addresses`); the library leaves loopback out.
"""
