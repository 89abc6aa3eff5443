// Settings of the allocator, which reads them before main. A file of its own: builds under a
// sanitizer have another allocator and leave it out.

// What is freed goes back to the system a second later, by a thread that runs also when
// nobody allocates any more. Four arenas keep threads apart well enough: each holds on to
// pages of its own.
extern "C" {
// NOLINTNEXTLINE(readability-identifier-naming): the name that the library looks for
extern const char* const malloc_conf;
const char* const malloc_conf =
    "background_thread:true,max_background_threads:1,narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:"
    "0,"
    "metadata_thp:disabled,thp:never";
}
