/* Two ALSA plugins that have a card's manners: busy while somebody holds a lock, and strict about format and channels. */
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <sys/file.h>

static const char *text(snd_config_t *conf, const char *key)
{
	snd_config_t *found;
	const char *value = NULL;

	return !snd_config_search(conf, key, &found) && !snd_config_get_string(found, &value) ? value : NULL;
}

SND_PCM_PLUGIN_DEFINE_FUNC(exclusive)
{
	const char *lock = text(conf, "lock"), *device = text(conf, "device");
	int fd, held;

	if (!lock || !device || (fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
		return -EINVAL;
	held = flock(fd, LOCK_EX | LOCK_NB);
	close(fd);
	return held ? -EBUSY : snd_pcm_open(pcmp, device, stream, mode);
}
SND_PCM_PLUGIN_SYMBOL(exclusive);

static snd_pcm_sframes_t copy(snd_pcm_extplug_t *ext, const snd_pcm_channel_area_t *to, snd_pcm_uframes_t to_offset,
			      const snd_pcm_channel_area_t *from, snd_pcm_uframes_t from_offset, snd_pcm_uframes_t size)
{
	snd_pcm_areas_copy(to, to_offset, from, from_offset, ext->channels, size, ext->format);
	return size;
}

static const snd_pcm_extplug_callback_t callbacks = { .transfer = copy };

SND_PCM_PLUGIN_DEFINE_FUNC(strict)
{
	snd_pcm_extplug_t *ext = calloc(1, sizeof(*ext));
	snd_config_t *slave;
	int err = snd_config_search(conf, "slave", &slave);

	if (err < 0)
		return err;
	ext->version = SND_PCM_EXTPLUG_VERSION;
	ext->name = "strict";
	ext->callback = &callbacks;
	if ((err = snd_pcm_extplug_create(ext, name, root, slave, stream, mode)) < 0)
		return err;
	snd_pcm_extplug_set_param(ext, SND_PCM_EXTPLUG_HW_FORMAT, SND_PCM_FORMAT_S32_LE);
	snd_pcm_extplug_set_slave_param(ext, SND_PCM_EXTPLUG_HW_FORMAT, SND_PCM_FORMAT_S32_LE);
	snd_pcm_extplug_set_param(ext, SND_PCM_EXTPLUG_HW_CHANNELS, 2);
	snd_pcm_extplug_set_slave_param(ext, SND_PCM_EXTPLUG_HW_CHANNELS, 2);
	*pcmp = ext->pcm;
	return 0;
}
SND_PCM_PLUGIN_SYMBOL(strict);
