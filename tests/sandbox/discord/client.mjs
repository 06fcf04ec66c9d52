// A discord.js client: registers a command, answers it, serves a button and a form, resumes.
// It says what happens, a JSON object a line, and ends when it hears "goodbye".
import { createRequire } from "node:module";

const require = createRequire(process.env.MODULES + "/");
const {
  ActionRowBuilder, ButtonBuilder, ButtonStyle, Client, Events, GatewayIntentBits, MessageFlags,
  ModalBuilder, TextInputBuilder, TextInputStyle,
} = require("discord.js");

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const client = new Client({
  intents: [
    GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.MessageContent,
  ],
  rest: { api: process.env.BASE + "/api", cdn: process.env.BASE + "/cdn" },
});

const press = new ButtonBuilder().setCustomId("press").setLabel("Press").setStyle(ButtonStyle.Primary);
const why = new ButtonBuilder().setCustomId("why").setLabel("Why").setStyle(ButtonStyle.Secondary);

client.once(Events.ClientReady, async () => {
  const guild = client.guilds.cache.first();
  await guild.commands.set([{
    name: "hello", description: "says hello",
    options: [{ name: "name", description: "whom", type: 3, required: true, autocomplete: true }],
  }]);
  tell("ready", { guild: guild.name });
});

client.on(Events.InteractionCreate, async (interaction) => {
  if (interaction.isAutocomplete()) {
    const typed = interaction.options.getFocused();
    await interaction.respond([{ name: typed + "!", value: typed }]);
  } else if (interaction.isChatInputCommand()) {
    await interaction.deferReply();
    const name = interaction.options.getString("name");
    const row = new ActionRowBuilder().addComponents(press, why);
    await interaction.editReply({ content: `hello ${name}`, components: [row] });
    await interaction.followUp({ content: "only you", flags: MessageFlags.Ephemeral });
  } else if (interaction.isButton() && interaction.customId === "press") {
    await interaction.update({ content: "pressed", components: [] });
  } else if (interaction.isButton()) {
    const input = new TextInputBuilder()
      .setCustomId("reason").setLabel("Reason").setStyle(TextInputStyle.Short);
    await interaction.showModal(
      new ModalBuilder().setCustomId("form").setTitle("Why?")
        .addComponents(new ActionRowBuilder().addComponents(input)),
    );
  } else if (interaction.isModalSubmit()) {
    const reason = interaction.fields.getTextInputValue("reason");
    await interaction.reply({ content: `because ${reason}`, flags: MessageFlags.Ephemeral });
  }
});

client.on(Events.MessageCreate, async (message) => {
  if (message.author.bot) return;
  tell("message", { content: message.content });
  if (message.content === "goodbye") {
    await client.destroy();
    return;
  }
  const answer = await message.reply({ content: "heard", nonce: message.id, enforceNonce: true });
  await answer.react("🔥");
  const thread = await answer.startThread({ name: "talk" });
  await thread.send({ content: "inside", files: [{ attachment: Buffer.from("log"), name: "log.txt" }] });
  tell("answered");
});

client.on(Events.ShardResume, (_, replayed) => tell("resumed", { replayed }));
client.on(Events.Error, (error) => tell("error", { text: String(error) }));
process.on("unhandledRejection", (error) => tell("error", { text: String(error) }));
await client.login(process.env.TOKEN);
