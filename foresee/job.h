#pragma once

#include "jepa/core/api/job.h"
