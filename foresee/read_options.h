#pragma once

#include "jepa/core/api/read_options.h"
