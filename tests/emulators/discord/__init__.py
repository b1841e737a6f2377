"""A Discord on loopback, written from the public documentation; it imports nothing of `trading`, `handlers` or `bot`.

`discord.py` and `discord.js` talk to it unchanged; `tests/emulators/test_discord.py` shows the one, and this is how the
other is run by hand (Node, `npm install discord.js` in a folder of its own; `python -m tests.emulators.discord` prints
the address)::

    const { Client, GatewayIntentBits, Routes } = require("discord.js");
    const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: { api: "http://127.0.0.1:PORT/api" } });
    client.once("clientReady", () => client.rest.put(Routes.applicationCommands(client.application.id),
      { body: [{ name: "status", description: "How it stands" }] }));
    client.on("interactionCreate", i => i.reply({ content: "flat", flags: 64 }));
    client.login("emulated-token");

It finds the gateway by `GET /gateway/bot`. Then `POST` to the control address
`{"do": "slash", "person": 2222, "channel": 2, "name": "status"}`.
"""
