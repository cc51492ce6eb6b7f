/* SPDX-License-Identifier: Apache-2.0 */
/* test-image - what kind of program is embedded. */
#include "harness.h"

#include "tinyrun/init_image.h"

#include <elf.h>
#include <string.h>

#define IMAGE_MAX (100 * 1024)

static const Elf64_Ehdr *elf(void)
{
	return (const Elf64_Ehdr *)tinyrun_init_image;
}

static const Elf64_Phdr *segment(size_t i)
{
	return (const Elf64_Phdr *)(tinyrun_init_image + elf()->e_phoff) + i;
}

static void test_image_is_a_small_program(void **state)
{
	(void)state;
	assert_true(tinyrun_init_image_size() > sizeof(Elf64_Ehdr));
	assert_true(tinyrun_init_image_size() < IMAGE_MAX);
	assert_memory_equal(tinyrun_init_image, ELFMAG, SELFMAG);
}

static void test_image_needs_no_loader(void **state)
{
	(void)state;
	assert_int_equal(elf()->e_type, ET_DYN);
	for (size_t i = 0; i < elf()->e_phnum; i++)
		assert_int_not_equal(segment(i)->p_type, PT_INTERP);
}

static void test_image_has_nothing_to_relocate(void **state)
{
	(void)state;
	for (size_t i = 0; i < elf()->e_phnum; i++) {
		const Elf64_Dyn *d;

		if (segment(i)->p_type != PT_DYNAMIC)
			continue;
		d = (const Elf64_Dyn *)(tinyrun_init_image + segment(i)->p_offset);
		for (; d->d_tag != DT_NULL; d++) {
			assert_int_not_equal(d->d_tag, DT_NEEDED);
			assert_int_not_equal(d->d_tag, DT_RELA);
			assert_int_not_equal(d->d_tag, DT_RELR);
		}
	}
}

static void test_image_has_no_memory_to_write_and_execute(void **state)
{
	(void)state;
	for (size_t i = 0; i < elf()->e_phnum; i++)
		assert_int_not_equal(segment(i)->p_flags & (PF_W | PF_X), PF_W | PF_X);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image_is_a_small_program),
		cmocka_unit_test(test_image_needs_no_loader),
		cmocka_unit_test(test_image_has_nothing_to_relocate),
		cmocka_unit_test(test_image_has_no_memory_to_write_and_execute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
