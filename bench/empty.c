// SPDX-License-Identifier: Apache-2.0
/* empty OBJECT: loads and attaches every program of OBJECT, says "ready", and stays until its input ends. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_object *object = argc > 1 ? bpf_object__open_file(argv[1], NULL) : NULL;
	if (!object || bpf_object__load(object) != 0)
		return 1;
	struct bpf_program *program;
	bpf_object__for_each_program(program, object) {
		if (!bpf_program__attach(program))
			return 1;
	}
	puts("ready");
	fflush(stdout);
	char byte;
	while (read(0, &byte, 1) > 0)
		;
	bpf_object__close(object);
	return 0;
}
