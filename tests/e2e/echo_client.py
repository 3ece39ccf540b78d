"""echo_client - a second third-party client (python3-websockets): says `here`, then answers N messages of others with `echo: ..`.

usage: echo_client.py URL TOKEN ROOM COUNT
"""

import asyncio
import json
import sys
import uuid

import websockets


async def main(url, token, room, count):
    async with websockets.connect(url, subprotocols=["parley.v1.json"], extra_headers={"Authorization": "Bearer " + token}) as socket:
        assert socket.subprotocol == "parley.v1.json"
        await socket.send(json.dumps({"op": "subscribe", "id": 1, "room": room}))
        await socket.send(json.dumps({"op": "send", "id": 2, "room": room, "send_id": str(uuid.uuid4()), "body": "here"}))
        echoed = 0
        async for text in socket:
            frame = json.loads(text)
            if "error" in frame:
                raise SystemExit("refused: %s" % frame)
            if frame.get("ev") != "message" or frame["body"] == "here" or frame["body"].startswith("echo: "):
                continue
            body = "echo: " + frame["body"]
            await socket.send(json.dumps({"op": "send", "id": 10 + echoed, "room": room, "send_id": str(uuid.uuid4()), "body": body}))
            echoed += 1
            if echoed == count:
                break
        answered = 0
        async for text in socket:
            answered += json.loads(text).get("re", 0) >= 10
            if answered == count or json.loads(text).get("re") == 9 + count:
                break
        print(echoed, "echoed")


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
